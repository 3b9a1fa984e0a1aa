import { describe, expect, it } from 'vitest';
import { toPageError, toPageMessage } from '../../../src/page/shared/page-error.js';

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

  it('says what is wrong with an image in a sentence of its own, and what to do', () => {
    const text = '{"code":"IMAGE_UNSUPPORTED","detail":"its content is HEIC.","hint":"Convert it to JPEG."}';
    const { title, details } = toPageError({ status: 415, retryAfter: null }, text);
    expect([title, ...details]).toEqual([
      'This kind of image cannot be read',
      'Its content is HEIC.',
      'Convert it to JPEG.',
    ]);
  });

  it('is one sentence after another, without a number, where only its reason is wanted', () => {
    const text = '{"title":"Not Found","detail":"gone.jpg is not there any more.","request_id":"r"}';
    expect(toPageMessage({ status: 404, retryAfter: null }, text)).toBe('gone.jpg is not there any more.');
    const foreign = toPageMessage({ status: 502, retryAfter: '3' }, '<h1>Bad gateway</h1>');
    expect(foreign).toBe('The server could not answer. The answer was 502, without a reason. Try again in 3 s.');
  });

  it('names the line of the prompt that is wrong', () => {
    const pointers = [
      '/ontology/classes/1/prompts/1',
      '/ontology/classes/1/name',
      '/ontology/classes/7/name',
      '/ontology',
    ];
    const errors = pointers.map((pointer) => ({ pointer, detail: 'is wrong' }));
    const text = JSON.stringify({ code: 'ONTOLOGY_INVALID', detail: 'No.', errors });
    expect(toPageError({ status: 422, retryAfter: null }, text, [[1], [2, 5]]).details).toEqual([
      'No.',
      'Line 5 of the prompts: is wrong',
      'Line 2 of the prompts: is wrong',
      '/ontology/classes/7/name: is wrong',
      '/ontology: is wrong',
    ]);
  });
});
