import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../../src/core/errors.js';
import { describeDefaultApi } from '../../support/openapi.js';

const { document, app } = await describeDefaultApi();
const { paths } = document;

/** The failures that the table has for a status, as the document lists them. */
function documentedAt(status: number): string {
  const failures = Object.entries(FAILURES).filter(
    ([, { httpStatus, openApi }]) => httpStatus === status && openApi !== null,
  );
  return failures.map(([code, { openApi }]) => `${code} (${openApi})`).join(', ');
}

/** Status and description of every error response of an operation. */
function errorsOf(path: string): [status: number, description: unknown][] {
  const operations = Object.values(paths[path]!);
  const responses = operations.flatMap((operation) => Object.entries(operation.responses));
  return responses
    .map(([status, response]): [number, unknown] => [Number(status), response['description']])
    .filter(([status]) => status >= 400);
}

describe('/openapi.json', () => {
  it('describes every failure of the table that a prediction can be answered with', () => {
    const statuses = new Set(
      Object.values(FAILURES).flatMap(({ httpStatus, openApi }) => (openApi === null ? [] : [httpStatus])),
    );
    const expected = [...statuses].sort().map((status) => [status, documentedAt(status)]);
    expect(errorsOf('/v2/models/{model}/infer')).toEqual(expected);
    for (const path of ['/predict', '/predict/batch', '/label-studio/predict'])
      expect(errorsOf(path), path).toEqual(expected.filter(([status]) => status !== 404));
  });

  it('describes a status by the same failures wherever it occurs', () => {
    const isProbe = (path: string) => /(?:ready|z|health)$/.test(path); // their 503 is the answer "not yet"
    for (const path of Object.keys(paths)) {
      const errors = errorsOf(path).filter(([status]) => !(status === 503 && isProbe(path)));
      for (const [status, description] of errors) expect(description, path).toBe(documentedAt(status));
    }
  });

  it('documents 404 wherever an address or a header names something, and 401 wherever a key may be needed', () => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    for (const { path, parameters = [], responses, security } of operations) {
      const isNamed = parameters.some(({ required }) => required === true);
      expect(Object.hasOwn(responses, '404'), path).toBe(isNamed);
      if (security === undefined && !path.startsWith('/label-studio')) expect(responses, path).toHaveProperty('401');
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['postPredict', 'getReadyz', 'postV2ModelsModelInfer', 'postRoot']));
    expect(document.servers).toHaveLength(1);
  });

  it('lists every route that is registered with a description, and a route without one is refused', () => {
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/predict', '/health', '/readyz', '/metrics', '/info', '/docs', '/v2/models/{model}']),
    );
    expect(() => app.get('/undescribed', () => 'ok')).toThrow('GET /undescribed has no OpenAPI description');
  });
});
