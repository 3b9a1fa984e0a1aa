import { expect, it } from 'vitest';
import { TestServer } from '../../support/server.js';

type Paths = Record<string, Record<string, unknown>>;

const OTHERS = /^\/(label-studio|api|v2)\b|^\/$/;

/** The operations of other programs' protocols that /openapi.json lists, as `POST /label-studio/predict`. */
async function listedBy(server: TestServer): Promise<string[]> {
  const { paths } = (await (await server.fetch('/openapi.json')).json()) as { paths: Paths };
  return Object.entries(paths)
    .filter(([path]) => OTHERS.test(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
}

it('every protocol is spoken unless told otherwise, at the addresses that /openapi.json lists', async () => {
  await using server = await TestServer.ready();
  const listed = await listedBy(server);
  expect(listed).toEqual(
    expect.arrayContaining(['POST /label-studio/predict', 'POST /api/function_invocations', 'GET /v2/health/ready']),
  );
  for (const operation of listed) {
    const [method, path] = operation.split(' ') as [string, string];
    const headers = { 'content-type': 'application/json', 'x-nuclio-function-name': 'preannotate' };
    const body = method === 'POST' ? { body: '{}' } : {};
    const { status } = await server.fetch(path.replace(/\{\w+\}/, 'preannotate'), { method, headers, ...body });
    expect
      .soft([operation, status])
      .toEqual([operation, expect.toSatisfy((it) => [200, 201, 422].includes(it as number))]);
  }
});

it.each<[compat: string, spoken: RegExp]>([
  ['none', /^$/],
  ['cvat', / \/(api\/|$)/],
  ['kserve,label-studio', / \/(v2|label-studio)\b/],
])('--compat %s speaks no others', async (compat, spoken) => {
  await using server = await TestServer.ready({ args: ['--compat', compat] });
  for (const operation of await listedBy(server)) expect(operation).toMatch(spoken);
  for (const path of ['/label-studio/health', '/api/functions', '/v2']) {
    const { status } = await server.fetch(path);
    expect([path, status]).toEqual([path, spoken.test(` ${path}`) ? 200 : 404]);
  }
});

it('--compat with a protocol that there is not is refused', async () => {
  await using server = new TestServer({ args: ['--compat', 'triton'] });
  const { code, stderr } = await server.finished();
  expect(code).toBe(2);
  expect(stderr).toMatch(/--compat .*label-studio/);
});
