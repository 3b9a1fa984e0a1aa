import { describe, expect, it } from 'vitest';
import { FAILURES, PreannotateError, type Failure } from '../../src/core/errors.js';

describe('the table of failures', () => {
  it('counts every failure of status 500 or more under a reason that does not blame the request', () => {
    const wrong = Object.entries(FAILURES).filter(([code, { httpStatus, reason }]) => {
      return httpStatus >= 500 && reason === 'invalid' && code !== 'URL_TIMEOUT'; // a client chose that other server
    });
    expect(wrong).toEqual([]);
  });

  it('does not compile with a code that it does not have', () => {
    // @ts-expect-error -- a misspelt code
    const thrown = new PreannotateError({ code: 'QUEUE_FUL', message: '', hint: '' });
    const failure: Failure = thrown.toFailure();
    // @ts-expect-error -- a misspelt code
    expect(failure.code === 'QUEUE_FULLL').toBe(false);
  });
});
