import { describe, expect, it } from 'vitest';
import { toPageError } from '../../../../src/server/page/client/page-error.js';

describe('an error response, as the page shows it,', () => {
  it('tells when to try again; an answer of a proxy is shown by its status', () => {
    const busy = toPageError(
      { status: 429, retryAfter: '3' },
      '{"code":"QUEUE_FULL","detail":"Full.","request_id":"r"}',
    );
    expect([busy.title, ...busy.details]).toEqual(['The server is busy', 'Full.', 'Try again in 3 s.', 'Request r']);
    const foreign = toPageError({ status: 502, retryAfter: null }, '<h1>Bad gateway</h1>');
    expect([foreign.title, ...foreign.details]).toEqual([
      'The server could not answer',
      'The answer was 502, without a reason.',
    ]);
  });
});
