import { describe, expect, it } from 'vitest';
import { scene, TestServer } from '../../support/server.js';

type Paths = Record<string, Record<string, unknown>>;

const OTHERS = /^\/(label-studio|api|v2)\b|^\/$/;

/** The operations of other programs' protocols that /openapi.json lists, as `POST /label-studio/predict`. */
async function listedBy(server: TestServer): Promise<string[]> {
  const { paths } = (await (await server.fetch('/openapi.json')).json()) as { paths: Paths };
  return Object.entries(paths)
    .filter(([path]) => OTHERS.test(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
}

describe("other programs' protocols", () => {
  it('are all spoken by default, at the addresses that /openapi.json lists', async () => {
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

  const GETS = ['/label-studio/health', '/api/functions', '/api/functions/preannotate', '/v2', '/v2/health/live'];
  const POSTS = ['/label-studio/predict', '/api/function_invocations', '/v2/models/preannotate/infer'];

  it.each<[compat: string, spoken: RegExp]>([
    ['none', /^$/],
    ['cvat', / \/(api\/|$)/],
    ['kserve,label-studio', / \/(v2|label-studio)\b/],
  ])('are limited by --compat %s, and all other addresses do not exist', async (compat, spoken) => {
    await using server = await TestServer.ready({ args: ['--compat', compat] });
    const listed = await listedBy(server);
    for (const operation of listed) expect(operation).toMatch(spoken);
    expect(listed.length > 0).toBe(compat !== 'none');
    for (const path of GETS) {
      const { status } = await server.fetch(path);
      expect([path, status]).toEqual([path, spoken.test(` ${path}`) ? 200 : 404]);
    }
    for (const path of POSTS) {
      const { status } = await server.postJson(path, {}, { 'x-nuclio-function-name': 'preannotate' });
      expect([path, status]).toEqual([path, spoken.test(` ${path}`) ? 422 : 404]);
    }
    const atRoot = await server.postJson('/', {}); // where CVAT invokes functions without the dashboard
    expect(atRoot.status).toBe(spoken.test(' /') ? 422 : 405); // the page can still be read there
    expect((await server.post(await scene('scene-01.jpg'))).status).toBe(200);
  });
});
