import { Random } from '../random.js';
import { FORM, type Sample } from './sample-requests.js';

/** What a client does on one connection. */
export interface OddRequest {
  readonly pieces: readonly Buffer[];
  readonly ending: 'wait' | 'end' | 'reset';
}

/** Damages one of the samples, in its words, its frame or the way it is sent; the same way for the same seed. */
export function oddRequest(seed: number, all: readonly Sample[]): OddRequest {
  const random = new Random(seed);
  const sample = random.oneOf(all);
  const body = random.chance(0.8) ? damagedBody(sample, random) : (sample.body ?? Buffer.alloc(0));
  const wire = framed(sample, body, random);
  if (random.chance(0.1)) damageBytes(wire, random);
  const cut = random.chance(0.1) ? random.below(wire.length) : wire.length;
  return { pieces: piecesOf(wire.subarray(0, cut), random), ending: random.oneOf(['wait', 'wait', 'end', 'reset']) };
}

const TOKENS =
  '\0 " { } [ ] [[[[[[[[ , : null true 1e999 -1 -0 0x10 NaN "" \\ \\u0000 \\ud800 __proto__ constructor \r\n ' +
  '\r\n--a-boundary \r\n--a-boundary--\r\n \r\n\r\n %00 ../ <!DOCTYPE &lt; <View> ]]> = == \u00ff \u{1F600} \u202E';

const VALUES: readonly unknown[] = [
  ...[null, true, '', ' ', 0, -1, 0.5, 1e308, 2 ** 53, [], [[]], {}, { a: 1 }, ['a'], [1, 2], '\u0000', '\ud800'],
  ...['x'.repeat(5000), '='.repeat(8), 'AAAA', 'data:image/png;base64,AAAA', '/data/upload/1.jpg', '<View/>', '{}'],
  ...[Array.from({ length: 300 }, (_, i) => `prompt ${i}`), Array.from({ length: 1000 }, () => null)],
];

function damagedBody({ type, body = Buffer.alloc(0) }: Sample, random: Random): Buffer {
  if (type === 'application/json' && random.chance(0.6)) {
    const value = JSON.parse(body.toString()) as unknown;
    return Buffer.from(JSON.stringify(random.chance(0.05) ? random.oneOf(VALUES) : withOddValue(value, random)));
  }
  const kind = random.below(5);
  const at = random.below(body.length + 1);
  if (kind === 0) return body.subarray(0, at);
  if (kind === 1) return Buffer.concat([body.subarray(0, at), body.subarray(Math.max(0, at - random.below(500)))]);
  if (kind === 2) {
    return Buffer.concat([body.subarray(0, at), Buffer.from(random.oneOf(TOKENS.split(' '))), body.subarray(at)]);
  }
  if (kind === 3) return Buffer.from(Array.from({ length: random.below(3000) }, () => random.below(256)));
  const damaged = Buffer.from(body);
  damageBytes(damaged, random);
  return damaged;
}

/** Replaces, adds or takes away something in a JSON value. */
function withOddValue(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return random.oneOf(VALUES);
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  const keys = Object.keys(copy);
  const key = keys.length === 0 || random.chance(0.1) ? random.oneOf(['0', '7', 'x', 'ontology']) : random.oneOf(keys);
  const fields = copy as Record<string, unknown>;
  if (random.chance(0.1))
    fields[key] = undefined; // which JSON leaves out
  else fields[key] = withOddValue(fields[key], random);
  return copy;
}

function damageBytes(bytes: Buffer, random: Random): void {
  if (bytes.length === 0) return;
  const reach = random.chance(0.5) ? Math.min(bytes.length, 200) : bytes.length;
  for (let i = random.below(6); i >= 0; i--) bytes[random.below(reach)] = random.below(256);
}

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY', 'get', 'X'];
const TYPES = [
  'application/json',
  'image/jpeg',
  'image/',
  FORM,
  'multipart/form-data',
  `multipart/form-data; boundary="${'b'.repeat(70)}"`,
  'text/plain',
  'application/json;charset=utf-16',
  ';',
  '\u00ff',
];
const HEADERS = [
  'Content-Encoding: gzip',
  'Content-Encoding: br',
  'Accept: application/x-ndjson',
  'Accept-Encoding: gzip',
  'X-Request-Id: \u00ff<script>',
  `X-Request-Id: ${'i'.repeat(300)}`,
  'X-Request-Timeout-Ms: 1',
  'X-Request-Timeout-Ms: -5',
  'X-Request-Timeout-Ms: 1e400',
  'Expect: 100-continue',
  'Expect: a miracle',
  'Upgrade: websocket\r\nConnection: upgrade',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Content-Length: 5',
  'Host: elsewhere',
  'Cookie: a=b',
  'Authorization: Basic \u00ff',
  'Inference-Header-Content-Length: 12',
  'Nuclio: ',
  ': no name',
  ' folded: line',
  `X-Large: ${'l'.repeat(9000)}`,
];
const PATHS = [
  '?',
  '?a=b&a=c',
  '?score_threshold=2&nms=maybe',
  '?ontology={',
  '?%00',
  '/..',
  '/%2e%2e/%2e%2e',
  '//',
  '#',
];

/** A request as it goes over the wire. */
function framed({ method, path, type }: Sample, body: Buffer, random: Random): Buffer {
  const lines = [
    `${random.chance(0.1) ? random.oneOf(METHODS) : method} ` +
      `${path}${random.chance(0.15) ? random.oneOf(PATHS) : ''} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
  ];
  const given = random.chance(0.1) ? random.oneOf(TYPES) : type;
  if (given !== undefined) lines.push(`Content-Type: ${given}`);
  while (random.chance(0.25)) lines.push(random.oneOf(HEADERS));
  const isChunked = random.chance(0.2);
  if (isChunked) lines.push('Transfer-Encoding: chunked');
  else if (body.length > 0 || method === 'POST') {
    lines.push(`Content-Length: ${body.length + (random.chance(0.1) ? random.oneOf([-1, 1, 1000, 1e12]) : 0)}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, ...(isChunked ? chunksOf(body, random) : [body])]);
}

function chunksOf(body: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + random.below(random.oneOf([30, 3000, 100_000])));
    const announced = random.chance(0.01) ? random.oneOf(['', '-1', 'fffffffffffffffff', 'xyz']) : size.toString(16);
    chunks.push(Buffer.from(`${announced}\r\n`), body.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  return [...chunks, Buffer.from('0\r\n\r\n')];
}

function piecesOf(wire: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.oneOf([50, 5000, 1_000_000]);
  for (let at = 0; at < wire.length;) {
    const end = pieces.length > 30 ? wire.length : Math.min(wire.length, at + 1 + random.below(most));
    pieces.push(wire.subarray(at, end));
    at = end;
  }
  return pieces;
}
