import { expect, it } from 'vitest';
import { RequestError } from '../../../../src/http/request-error.js';
import { toProblemDetails } from '../../../../src/http/problem-details.js';
import { toRequestProblem } from '../../../../src/page/gallery/saving/request-problem.js';

it.each([
  ['WRITE_FAILED', 'busy'],
  ['OUTPUT_LOCKED', 'busy'],
  ['QUEUE_FULL', 'busy'],
  ['UNAUTHORIZED', 'busy'],
  ['READ_ONLY', 'blocked'],
  ['OUTPUT_LOST', 'blocked'],
  ['JOURNAL_DAMAGED', 'blocked'],
  ['INTERNAL', 'fault'],
  ['REQUEST_INVALID', 'refused'],
  ['NOT_FOUND', 'refused'],
] as const)('the answer %s means: %s, in the words of the server', (code, kind) => {
  const { body } = toProblemDetails(new RequestError(code, 'What has happened, and what to do.'), 'r1');
  const problem = toRequestProblem({ status: body.status, retryAfter: null }, JSON.stringify(body));
  const number = kind === 'fault' ? ' Request r1.' : ''; // as the log has it
  expect(problem).toMatchObject({ kind, message: `What has happened, and what to do.${number}` });
});

it.each([
  [502, 'busy'],
  [500, 'fault'],
  [404, 'refused'],
])('an answer %i that is no problem details means: %s', (status, kind) => {
  const problem = toRequestProblem({ status, retryAfter: null }, '<h1>A proxy</h1>');
  expect(problem).toMatchObject({
    kind,
    message: `The server could not answer. The answer was ${status}, without a reason.`,
  });
});
