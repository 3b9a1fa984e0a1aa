import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyBoxes, manyReferences } from '../../../support/heif/compose.js';
import { FIXTURES } from '../../../support/model/golden.js';
import { base64, TestServer } from '../../../support/server.js';

describe('an image sent to the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const ways = {
    base64: (bytes: Buffer) => server.postJson('/predict', { image_base64: base64(bytes) }),
    form: (bytes: Buffer) => {
      const body = new FormData();
      body.append('image', new Blob([new Uint8Array(bytes)]), 'picture.tif');
      return server.fetch('/predict', { method: 'POST', body });
    },
  };

  it.each(['base64', 'form'] as const)(
    'that is a TIFF file which cannot be shown is answered with 415, the cause and a command (%s)',
    async (way) => {
      const response = await ways[way](await readFile(join(FIXTURES, 'tiff/float-grey-elevation.tif')));
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        detail: expect.stringContaining('its samples are 32-bit floats from -12 to 888'),
        hint: expect.stringContaining('`gdal_translate -ot Byte -scale -12 888 0 255 in.tif out.tif`'),
      });
    },
  );

  it.each(['base64', 'form'] as const)('that is a TIFF file of 64-bit floats is annotated (%s)', async (way) => {
    const response = await ways[way](await readFile(join(FIXTURES, 'tiff/double-rgb-tiles-big-endian.tif')));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ width: 32, height: 24 });
  });

  it.each(['base64', 'form'] as const)('that is camera raw is answered with 415 and what to do (%s)', async (way) => {
    for (const [file, format] of Object.entries({ 'nef.tif': 'Nikon NEF', 'cr3.tif': 'Canon CR3', 'dng.tif': 'DNG' })) {
      const response = await ways[way](await readFile(join(FIXTURES, 'raw', file)));
      expect({ file, status: response.status }).toEqual({ file, status: 415 });
      expect(await response.json()).toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        detail: expect.stringContaining(`camera raw: convert it first (${format}).`),
        hint: expect.stringContaining('darktable-cli'),
      });
    }
  });

  it('that is a HEIC file with millions of boxes or references is answered with 415, and /health as ever', async () => {
    for (const bytes of [manyBoxes(2_400_000, 'meta'), manyReferences(9_400_000, 'dimg')]) {
      const headers = { 'content-type': 'application/octet-stream' };
      const answer = server.post(new Uint8Array(bytes), { headers });
      expect((await server.fetch('/health')).status).toBe(200);
      const response = await answer;
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        detail: expect.stringContaining('HEIF with more than 50000 boxes and references in its header'),
        hint: expect.stringContaining('Save it again as JPEG'),
      });
    }
    expect((await server.fetch('/health')).status).toBe(200);
    const restarts = await server.metrics('worker_restarts_total');
    expect(restarts).toEqual(restarts.map(() => 0));
  });
});
