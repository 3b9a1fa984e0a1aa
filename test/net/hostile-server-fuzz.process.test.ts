import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Random } from '../support/random.js';
import { startRawServer } from '../support/servers/web-server.js';
import { fetchFrom } from './fetching.js';

const MAX_BYTES = 100_000;
const NAMED = ['URL_FETCH_FAILED', 'URL_TIMEOUT', 'URL_REFUSED', 'IMAGE_TOO_LARGE'];

const unhandled: unknown[] = [];
const remember = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  process.on('unhandledRejection', remember);
  process.on('uncaughtExceptionMonitor', remember);
});
afterEach(() => {
  process.off('unhandledRejection', remember);
  process.off('uncaughtExceptionMonitor', remember);
  expect(unhandled).toEqual([]);
});

it('an image server that sends anything in any pieces causes the image or a named failure, and no leak', async () => {
  const counts: Record<string, number> = {};
  const speeches = new Map<string, Speech>();
  using web = await startRawServer((socket, request) => {
    const speech = speeches.get(/^GET (\S+)/.exec(request.toString())![1]!);
    if (speech !== undefined) void deliver(socket, speech);
  });
  const attempt = async (seed: number) => {
    const speech = speechOf(seed);
    speeches.set(`/${seed}`, speech);
    const leaving = new AbortController();
    const gone = new Error('the client left');
    if (speech.clientLeaves) setTimeout(() => leaving.abort(gone), 20);
    const timeoutMs = speech.expected === undefined ? 300 : 60_000; // for a good answer, however busy the machine is
    const limits = { path: `/${seed}`, maxBytes: MAX_BYTES, timeoutMs, signal: leaving.signal };
    const outcome = await fetchFrom(web.port, limits).catch((error: unknown) => error);
    const what = outcome instanceof Uint8Array ? 'fetched' : ((outcome as { code?: string }).code ?? 'gone');
    counts[what] = (counts[what] ?? 0) + 1;
    if (outcome instanceof Uint8Array) {
      expect(outcome.length).toBeLessThanOrEqual(MAX_BYTES);
      if (speech.expected !== undefined) expect(speech.expected.equals(outcome), `seed ${seed}`).toBe(true);
    } else if (outcome !== gone) {
      expect(NAMED, `seed ${seed}: ${String(outcome)}`).toContain(what);
      if (speech.expected !== undefined && speech.expected.length <= MAX_BYTES && !speech.clientLeaves) {
        throw new Error(`seed ${seed} is a good answer, and was ${what}`, { cause: outcome });
      }
    }
  };
  for (let seed = 0; seed < 800; seed += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => attempt(seed + i)));
  }
  expect(Object.keys(counts).sort()).toEqual(
    [...NAMED.filter((name) => name !== 'URL_REFUSED'), 'fetched', 'gone'].sort(),
  );
  expect(counts['fetched']).toBeGreaterThan(200);
  await vi.waitFor(() => expect(web.open).toBe(0), 5000);
});

it('a body with a chunk extension of 64 KB for each byte takes no memory for the extensions', async () => {
  const chunk = Buffer.from(`1;${'x'.repeat(65_500)}\r\nx\r\n`);
  const before = heldBytes();
  let held = Infinity;
  using web = await startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const send = (left: number) => {
      if (left > 0) return void socket.write(chunk, () => send(left - 1));
      setTimeout(() => {
        held = heldBytes() - before;
        socket.end('0\r\n\r\n');
      }, 500); // for what is still on its way
    };
    send(4000);
  });
  const bytes = await fetchFrom(web.port, { maxBytes: 5000, timeoutMs: 60_000 });
  expect(bytes.length).toBe(4000);
  expect(held).toBeLessThan(50e6); // of 260 MB that were sent
});

/** Bytes of buffers that are still in use. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

interface Speech {
  readonly pieces: Buffer[];
  readonly ending: 'close' | 'reset' | 'stay';
  readonly clientLeaves: boolean;
  /** The image, where the answer is a good one. */
  readonly expected: Buffer | undefined;
}

/** One answer of a server, good or bad. */
function speechOf(seed: number): Speech {
  const random = new Random(seed);
  const body = Buffer.from(
    Array.from({ length: 1 + random.below(random.oneOf([10, 1000, 120_000])) }, () => random.below(256)),
  );
  const status = random.chance(0.85)
    ? '200 OK'
    : random.oneOf(['404 Not Found', '302 Found', '206 Partial', '103 Hints', '999 ?']);
  const type = random.chance(0.9) ? 'image/png' : random.oneOf(['text/html', '', 'image/\u00ff', 'application/json']);
  const framing = random.oneOf(['length', 'chunked', 'close']);
  const lie = framing === 'length' && random.chance(0.2) ? random.oneOf([-1, 1, 1000, 1e9]) : 0;
  const head = [`HTTP/1.1 ${status}`, `content-type: ${type}`, 'location: /nowhere'];
  if (random.chance(0.3)) head.push(`x-junk: ${'y'.repeat(random.below(10_000))}`);
  if (framing === 'length') head.push(`content-length: ${body.length + lie}`);
  if (framing === 'chunked') head.push('transfer-encoding: chunked');
  const parts = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')];
  if (framing === 'chunked') {
    for (let at = 0; at < body.length;) {
      const size = Math.min(body.length - at, 1 + random.below(random.oneOf([3, 100, 50_000])));
      parts.push(
        Buffer.from(`${size.toString(16)}${random.chance(0.1) ? ';ext=1' : ''}\r\n`),
        body.subarray(at, at + size),
      );
      parts.push(Buffer.from('\r\n'));
      at += size;
    }
    parts.push(Buffer.from(random.chance(0.1) ? '0\r\ntrailer: 1\r\n\r\n' : '0\r\n\r\n'));
  } else parts.push(body);

  const wire = Buffer.concat(parts);
  const mutations = random.chance(0.3) ? 1 + random.below(5) : 0;
  for (let i = 0; i < mutations; i++)
    wire[random.below(random.chance(0.7) ? Math.min(wire.length, 200) : wire.length)] = random.below(256);
  const cut = random.chance(0.15) ? random.below(wire.length) : wire.length;
  const pieces: Buffer[] = [];
  for (let at = 0; at < cut;) {
    const end = Math.min(cut, at + 1 + random.below(random.oneOf([20, 5000, 200_000])));
    pieces.push(wire.subarray(at, end));
    at = end;
  }
  const ending = random.chance(0.85) ? 'close' : random.oneOf(['reset', 'stay'] as const);
  const good = status === '200 OK' && type === 'image/png' && lie === 0 && mutations === 0 && cut === wire.length;
  return { pieces, ending, clientLeaves: random.chance(0.1), expected: good && ending === 'close' ? body : undefined };
}

async function deliver(socket: Socket, { pieces, ending }: Speech): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    if (pieces.length < 50) await new Promise((resolve) => setImmediate(resolve));
  }
  if (ending === 'close') socket.end();
  if (ending === 'reset') socket.resetAndDestroy();
}
