import { Ajv2020 } from 'ajv/dist/2020.js';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../../support/model/golden.js';
import { base64, scene, TestServer } from '../../support/server.js';

type Json = Record<string, unknown>;

const OPTIONS = { strict: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] };

/** A client over fetch; paths, bodies and answers have the types of the document. */
const CLIENT = `
import type { paths } from './api.js';

type Ok<T> = T extends { responses: { 200: { content: { 'application/json': infer Answer } } } } ? Answer : never;
type Body<T> = T extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never;
type Posts = { [Path in keyof paths as paths[Path] extends { post: object } ? Path : never]: paths[Path] };

async function post<Path extends keyof Posts>(
  base: string, path: Path, body: Body<Posts[Path]['post']>,
): Promise<Ok<Posts[Path]['post']>> {
  const response = await fetch(base + path.replace('{model}', 'preannotate'), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Ok<Posts[Path]['post']>;
}

export async function use(base: string, image: string) {
  const { labels, boxes } = await post(base, '/predict', { image_base64: image, score_threshold: 0.4 });
  const first: number = boxes[0]![0]!;
  const inputs = [{ name: 'image' as const, datatype: 'BYTES' as const, shape: [1], data: [image] }];
  const { outputs } = await post(base, '/v2/models/{model}/infer', { inputs });
  const shapes = await post(base, '/', { image });
  return { labels: first > 0 ? labels : [], outputs: outputs.map(({ name }) => name), shapes: shapes.length };
}
`;

describe('/openapi.json', () => {
  let server: TestServer;
  let document: Json & { paths: Record<string, Record<string, { responses: Record<string, Json> }>> };
  let image: string;
  beforeAll(async () => {
    server = await TestServer.ready();
    document = (await (await server.fetch('/openapi.json')).json()) as typeof document;
    image = base64(await scene('scene-01.jpg'));
    return () => server[Symbol.asyncDispose]();
  });

  it('gives a client that compiles under strict rules and works', async () => {
    await mkdir(join(ROOT, 'node_modules/.cache'), { recursive: true });
    const folder = await mkdtemp(join(ROOT, 'node_modules/.cache/client-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(JSON.stringify(document))));
    await writeFile(join(folder, 'client.ts'), CLIENT);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS }));
    const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder];
    const compiling = promisify(execFile)(process.execPath, tsc, { cwd: folder });
    expect(await compiling.catch((error: unknown) => (error as { stdout: string }).stdout)).toMatchObject({
      stdout: '',
    });
    const client = (await import(pathToFileURL(join(folder, 'client.js')).href)) as {
      use: (base: string, image: string) => Promise<Json>;
    };
    const { labels, outputs, shapes } = await client.use(server.url, image);
    expect(labels).toContain('wine glass');
    expect(outputs).toEqual(['boxes', 'scores', 'labels']);
    expect(shapes).toBeGreaterThan(0);
  });

  it('describes what the server answers, errors included', async () => {
    const ajv = new Ajv2020({ strict: false, formats: { uri: true } });
    ajv.addSchema(document, 'api');
    const post = (body: unknown) => ({
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'x-nuclio-function-name': 'preannotate' },
    });
    const inputs = [{ name: 'image', datatype: 'BYTES', shape: [2], data: [image, image] }];
    const requests: [path: string, address: string, status: number, init?: RequestInit][] = [
      ['/predict', '/predict', 200, post({ image_base64: image })],
      ['/predict', '/predict', 422, post({ image_base64: '?' })],
      ['/predict', '/predict', 415, { method: 'POST', body: 'text' }],
      ['/predict/batch', '/predict/batch', 200, post({ images: [{ image_base64: image }, { image_base64: '?' }] })],
      ['/info', '/info', 200],
      ...['/livez', '/readyz', '/ready', '/startupz'].map((path) => [path, path, 200] as [string, string, number]),
      ['/v2', '/v2', 200],
      ['/v2/health/live', '/v2/health/live', 200],
      ['/v2/health/ready', '/v2/health/ready', 200],
      ['/v2/models/{model}', '/v2/models/preannotate', 200],
      ['/v2/models/{model}', '/v2/models/nothing', 404],
      ['/v2/models/{model}/ready', '/v2/models/preannotate/ready', 200],
      ['/v2/models/{model}/ready', '/v2/models/nothing/ready', 404],
      ['/v2/models/{model}/config', '/v2/models/preannotate/config', 200],
      ['/v2/repository/index', '/v2/repository/index', 200, post({})],
      ['/v2/models/{model}/infer', '/v2/models/preannotate/infer', 200, post({ inputs })],
      ['/v2/models/{model}/infer', '/v2/models/nothing/infer', 404, post({ inputs })],
      ['/v2/models/{model}/infer', '/v2/models/preannotate/infer', 422, post({ inputs: [] })],
      ['/api/functions', '/api/functions', 200],
      ['/api/functions/{name}', '/api/functions/preannotate', 200],
      ['/api/functions/{name}', '/api/functions/nothing', 404],
      ['/api/function_invocations', '/api/function_invocations', 200, post({ image, threshold: 0.4 })],
      ['/', '/', 200, post({ image })],
    ];
    for (const [path, address, status, init] of requests) {
      const response = await server.fetch(address, init);
      const title = `${init?.method ?? 'GET'} ${address}`;
      expect(response.status, title).toBe(status);
      const method = (init?.method ?? 'GET').toLowerCase();
      const content = document.paths[path]![method]!.responses[status]!['content'] as Json;
      const type = response.headers.get('content-type')!.split(';')[0]!;
      expect(Object.keys(content), title).toContain(type);
      const escape = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');
      const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'].map(escape);
      const validate = ajv.compile({ $ref: `api#/${pointer.map(encodeURIComponent).join('/')}` });
      expect(validate(await response.json()) || validate.errors, title).toBe(true);
    }
  });
});
