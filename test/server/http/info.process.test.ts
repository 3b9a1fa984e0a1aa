import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SeenExample } from '../../../src/core/seen-example.js';
import { SCENES } from '../../support/cli.js';
import { overlap } from '../../support/evaluation/boxes.js';
import { FIXTURES } from '../../support/model/golden.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

describe('the addresses of a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--body-limit', '1MB', '--max-bytes', '10 MiB'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('include /info, which names the model, the classes and the limits', async () => {
    const info = (await (await server.fetch('/info')).json()) as { classes: unknown[]; server: object };
    expect(info).toMatchObject({
      model: { reference: 'builtin:emoji', type: 'owlvit', image_size: [192, 192], precision: 'fp32' },
      canonical: true,
      example_rule: 'auto',
      server: { devices: ['cpu'], timeout: 30, max_batch_size: 1, features: 'none', answer_cache_bytes: 0 },
    });
    expect(info).toMatchObject({ model: { fit: 'stretch', positions: 'interpolate' } });
    for (const key of ['workers_per_device', 'stream', 'track_requests']) expect(info.server).toHaveProperty(key);
    const limits = { threshold: 0.35, nms_iou: 0.5 };
    expect(info.classes[0]).toEqual({ name: 'bottle', id: 1, prompts: ['a photo of a bottle'], ...limits });
  });

  it.each([
    ['defaults', '', { fit: 'letterbox', positions: 'slice' }, 'auto'],
    ['--fit', '--fit grey', { fit: 'grey', positions: 'slice' }, 'auto'],
    ['--positions', '--positions interpolate', { fit: 'letterbox', positions: 'interpolate' }, 'auto'],
    ['--example-rule', '--example-rule transformers', { fit: 'letterbox', positions: 'slice' }, 'transformers'],
  ])('include /info, which has the form of images and the rule for examples with %s', async (_, asked, form, rule) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'yard.yaml'), 'classes: [dog]\n');
    const options = ['--model', join(FIXTURES, 'models/owlv2-tiny'), '--image-size', '56'];
    const args = [...options, '--ontology', join(folder, 'yard.yaml'), ...asked.split(' ').filter((one) => one !== '')];
    await using other = await TestServer.ready({ args });
    const info = (await (await other.fetch('/info')).json()) as object;
    expect(info).toMatchObject({ model: { image_size: [56, 56], ...form }, example_rule: rule });
  });

  it('include /info, which gives in bytes the limits that options give with a unit', async () => {
    const info = (await (await server.fetch('/info')).json()) as object;
    const limits = { max_payload_size: 1_000_000, max_image_bytes: 10 * 1024 ** 2 };
    expect(info).toMatchObject({ server: limits });
    expect((await server.post(new Uint8Array(1_000_001))).status).toBe(413);
    expect((await server.post(new Uint8Array(1_000_000))).status).toBe(415); // read, and no image
  });

  it('include /info, which gives where the model sees the object of each example, as the log does', async () => {
    const folder = await temporaryFolder();
    const image = join(SCENES, 'scene-01.jpg');
    const example = { image, box: [34, 130, 129, 186] };
    const ontology = {
      classes: [
        { name: 'bottle', prompts: [], examples: [example] },
        { name: 'dog', prompts: ['dog'] },
      ],
    };
    await writeFile(join(folder, 'yard.yaml'), JSON.stringify(ontology));
    await using other = await TestServer.ready({ args: ['--ontology', join(folder, 'yard.yaml')] });
    const { examples } = (await (await other.fetch('/info')).json()) as { examples: SeenExample[] };
    expect(examples).toEqual([
      {
        example: `example: ${image} [34, 130, 129, 186]`,
        class: 'bottle',
        box: [expect.closeTo(34, -1), expect.closeTo(130, -1), expect.closeTo(129, -1), expect.closeTo(186, -1)],
        iou: expect.closeTo(overlap(examples[0]!.box, [34, 130, 129, 186]), 2) as number,
      },
    ]);
    const [{ box, iou: seen }] = examples as [SeenExample];
    expect(seen).toBeGreaterThan(0.7);
    expect(other.running.stderr).toContain(`the model's box is [${box.join(', ')}], IoU ${seen.toFixed(2)}.`);
    const { examples: none } = (await (await server.fetch('/info')).json()) as { examples: SeenExample[] };
    expect(none).toEqual([]);
  });

  it('include none that shuts the server down', async () => {
    for (const headers of [{}, { authorization: 'Bearer any' }]) {
      expect((await server.fetch('/shutdown', { method: 'POST', headers })).status).toBe(404);
    }
    expect((await server.fetch('/livez')).status).toBe(200);
  });

  it('answer 404 where they are unknown and point to /docs, and 405 where the method is wrong', async () => {
    expect((await server.fetch('/..%2f..%2fetc/passwd')).status).toBe(404);
    expect((await server.fetch('/%zz')).status).toBe(400);
    const unknown = await server.fetch('/api2/predict', { method: 'POST' });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('/docs') });
    const wrong = await server.fetch('/predict');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await wrong.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });
});
