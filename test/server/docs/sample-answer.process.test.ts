import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/model/golden.js';
import { scene, TestServer } from '../../support/server.js';

it('the sample answer in serve.md is that of the server', async () => {
  await using server = await TestServer.ready();
  const form = new FormData();
  form.append('image', new Blob([await scene('scene-01.jpg')]), 'scene-01.jpg');
  const response = await server.fetch('/predict', { method: 'POST', body: form });
  const { boxes, scores, labels, prompts, ...rest } = (await response.json()) as Record<string, unknown[]>;
  const first = (list: unknown[] | undefined) => `[${JSON.stringify(list![0])},…]`;
  const lists = Object.entries({ boxes, scores, labels, prompts }).map(([key, list]) => `"${key}":${first(list)}`);
  const others = JSON.stringify({ ...rest, request_id: '…' }).slice(1);
  expect(await readFile(join(ROOT, 'fixtures/docs/serve.md'), 'utf8')).toContain(`{${lists.join(',')},${others}`);
});
