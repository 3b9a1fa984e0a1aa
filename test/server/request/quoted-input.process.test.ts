import { beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/clients/requests.js';
import { TestServer } from '../../support/server.js';

const LONG = 'long\r\nand "broken" \u001b[31m\u2028'.repeat(400);
const HEADER = 'x'.repeat(6000);
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** All texts in a JSON value, names included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inside]) => [name, ...textsIn(inside)]);
}

/** A form with one field. */
function form(disposition: string, content: string): RequestInit {
  const body = `--B\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}\r\n--B--\r\n`;
  return { method: 'POST', body, headers: { 'content-type': 'multipart/form-data; boundary=B' } };
}

function json(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

describe('a server that refuses a request', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--log-level', 'debug'] });
    return () => server[Symbol.asyncDispose]();
  });

  it.each<[what: string, path: string, request: RequestInit]>([
    ['an unknown field', '/predict', json({ [LONG]: 1 })],
    ['a number', '/predict', json({ image_base64: 'AAAA', nms_iou: LONG })],
    ['base64', '/predict', json({ image_base64: LONG })],
    ['an image_url', '/predict', json({ image_url: LONG.slice(0, 8000) })],
    ['a host', '/predict', json({ image_url: `http://${'x'.repeat(5000)}/` })],
    ['an id', '/predict/batch', json({ images: [{ id: LONG, image_base64: 'AAAA' }] })],
    ['a body that is no JSON', '/predict', { ...json(''), body: LONG }],
    ['an ontology that is no mapping', '/predict', json({ image_base64: 'AAAA', ontology: LONG })],
    ['a prompt', '/predict', json({ image_base64: 'AAAA', ontology: { [LONG]: ' ' } })],
    ['a class name', '/predict', json({ image_base64: 'AAAA', ontology: { cup: LONG } })],
    ['a template', '/predict', json({ image_base64: 'AAAA', ontology: { classes: [], templates: [LONG] } })],
    ['a key of an ontology', '/predict', json({ image_base64: 'AAAA', ontology: { classes: [], [LONG]: [LONG] } })],
    ['a key of a class', '/predict', json({ image_base64: 'A', ontology: { classes: [{ name: 'cup', [LONG]: 1 }] } })],
    ['a query string', `/predict?${encodeURIComponent(LONG.slice(0, 900))}=1`, json({ image_base64: 'AAAA' })],
    ['the name of a form field', '/predict', form(`name="${HEADER}"`, 'x')],
    ['the name of a file', '/predict', form(`name="image"; filename="${HEADER}"`, 'x')],
    ['a form field', '/predict', form('name="nms_iou"', LONG)],
    ['a boundary', '/predict', { method: 'POST', body: 'x', headers: { 'content-type': 'multipart/form-data; b=B' } }],
    ['a media type', '/predict', { method: 'POST', body: 'x', headers: { 'content-type': HEADER } }],
    [
      'a charset',
      '/predict',
      { method: 'POST', body: 'x', headers: { 'content-type': `image/png;charset=${HEADER}` } },
    ],
    ['an encoding', '/predict', { ...json({}), headers: { 'content-type': 'image/png', 'content-encoding': HEADER } }],
    [
      'a time limit',
      '/predict',
      { ...json({}), headers: { 'content-type': 'image/png', 'x-request-timeout-ms': HEADER } },
    ],
    ['a request id', '/nothing', { headers: { 'x-request-id': HEADER } }],
    ['an API key', '/nothing', { headers: { authorization: `Bearer ${HEADER}` } }],
    ['a path', `/${'x'.repeat(6000)}`, {}],
    [
      'the name of a function',
      '/api/function_invocations',
      { ...json({}), headers: { 'x-nuclio-function-name': HEADER } },
    ],
    ['the name of a model', `/v2/models/${'x'.repeat(900)}`, {}],
    [
      'a tensor',
      '/v2/models/preannotate/infer',
      json({ inputs: [{ name: LONG, datatype: LONG, shape: [1], data: [LONG] }] }),
    ],
  ])('quotes %s on one line, and only its beginning', async (_, path, request) => {
    const response = await server.fetch(path, request);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    const texts = textsIn(await response.json());
    for (const text of texts) expect(text).not.toMatch(CONTROL);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(1001);
    expect(texts.join('').length).toBeLessThan(5000);
  });

  it('quotes nothing of what is not HTTP, and logs every event on one short line', async () => {
    const socket = connection(server.url);
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (part: Buffer) => resolve(part.toString()));
      socket.write(`GET / HTTP/1.1\r\nHost: local\u0000${'y'.repeat(3000)}\r\n\r\n`);
    });
    socket.destroy();
    expect(answer).not.toContain('yy');
    const lines = server.running.stderr.trim().split('\n');
    expect(lines.length).toBeGreaterThan(25);
    for (const line of lines) {
      expect(() => JSON.parse(line) as unknown).not.toThrow();
      expect(line).not.toMatch(CONTROL);
      expect(line.length).toBeLessThan(2000);
    }
  });
});
