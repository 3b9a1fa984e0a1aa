import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapConcurrent } from '../../../src/core/stream.js';
import { FIXTURES, SHARED } from '../../support/model/golden.js';
import { base64, TestServer } from '../../support/server.js';
import { startWebServer } from '../../support/servers/web-server.js';

const CORPUS = join(SHARED, 'corpus');
const MAX_PIXELS = 50_000_000; // of `serve` by default

interface Entry {
  readonly file: string;
  readonly expected: 'decode' | 'reject';
  readonly upright?: readonly [number, number];
}

const { files } = JSON.parse(
  existsSync(CORPUS) ? readFileSync(join(CORPUS, 'manifest.json'), 'utf8') : '{"files":[]}',
) as { files: Entry[] };

/** Refused although the manifest decodes them: drawings, libvips' own format, and TIFF with old-style JPEG. */
const REFUSED = /(\.(svg|svg\.gz|v)|ojpeg-tile\.tif)$/;
/** Only our own decoder reads BMP; of this one with damaged run lengths it keeps the part that can be decoded. */
const READ_BY_US = 'pillow/badrle.bmp';

describe.skipIf(!existsSync(CORPUS))('the corpus of hostile images (skipped where ../shared is absent)', () => {
  let server: TestServer;
  let web: Awaited<ReturnType<typeof startWebServer>>;
  beforeAll(async () => {
    web = await startWebServer((request, response) => {
      readFile(join(CORPUS, decodeURIComponent(request.url!))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    const model = join(FIXTURES, 'models/owlvit-tiny');
    const args = ['--model', model, '--allow-private', '--allow-host', `127.0.0.1:${web.port}`];
    server = await TestServer.ready({ args });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    web[Symbol.dispose]();
  });

  const ways = {
    base64: async (file: string) =>
      server.postJson('/predict', { image_base64: base64(await readFile(join(CORPUS, file))) }),
    form: async (file: string) => {
      const body = new FormData();
      body.append('image', new Blob([await readFile(join(CORPUS, file))]), file);
      return server.fetch('/predict', { method: 'POST', body });
    },
    url: async (file: string) =>
      server.postJson('/predict', {
        image_url: `http://127.0.0.1:${web.port}/${file.split('/').map(encodeURIComponent).join('/')}`,
      }),
  };

  it.each(Object.keys(ways) as (keyof typeof ways)[])(
    'costs no worker, no gigabyte of memory and no twenty seconds an image, sent as %s',
    async (way) => {
      const answers = mapConcurrent(files, 4, async (entry) => {
        const start = performance.now();
        const response = await ways[way](entry.file);
        return {
          entry,
          status: response.status,
          body: await response.json(),
          seconds: (performance.now() - start) / 1000,
        };
      });
      for await (const { entry, status, body, seconds } of answers) {
        const [width, height] = entry.upright ?? [0, 0];
        const isGood = entry.expected === 'decode' && !REFUSED.test(entry.file) && width * height <= MAX_PIXELS;
        if (isGood) expect([entry.file, status, body]).toMatchObject([entry.file, 200, { width, height }]);
        else if (entry.file !== READ_BY_US) {
          expect([entry.file, [413, 415, 422].includes(status)]).toEqual([entry.file, true]);
          expect(body).toMatchObject({ code: expect.stringMatching(/^(IMAGE|URL|REQUEST)_/) });
        }
        expect([entry.file, seconds < 20]).toEqual([entry.file, true]); // five on a machine with nothing else to do
      }
      const restarts = await server.metrics('worker_restarts_total');
      expect(restarts).toEqual(restarts.map(() => 0));
      const pids = [server.running.child.pid!, ...(await server.running.workers())];
      for (const pid of pids) expect(peakMegabytes(pid)).toBeLessThan(1000);
    },
    120_000,
  );
});

/** Peak memory of a process from /proc; 0 where there is none. */
function peakMegabytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
}
