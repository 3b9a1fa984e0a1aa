import { beforeAll, describe, expect, it } from 'vitest';
import { BatchAnswer } from '../../src/config/predict-schema.js';
import { codeOf, rawAnswer, statuses, timed, times } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';

/** Requests that no decent client sends. The ids are those of RELIABILITY.md, section 5. */

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const KEY = 'a-key-of-sixteen-letters';

/** Events of the log; fails where a line is not one. */
function logOf(server: TestServer): Record<string, unknown>[] {
  const lines = server.running.stderr.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--log-level', 'debug'], env: { PREANNOTATE_API_KEYS: KEY } });
  return () => server[Symbol.asyncDispose]();
});

const withKey = (headers: Record<string, string> = {}) => ({ 'x-api-key': KEY, ...headers });

function send(type: string | undefined, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) {
  const headers = withKey({ ...(type === undefined ? {} : { 'content-type': type }), ...more });
  return server.fetch('/predict', { method: 'POST', body, headers });
}

/** The first line of the answer to something that may not be HTTP. */
async function statusOfRaw(text: string): Promise<string> {
  return (await rawAnswer(server.url, text)).split('\r\n')[0]!;
}

describe('bodies', () => {
  const deep = (opening: string, closing: string) => opening.repeat(100_000) + closing.repeat(100_000);

  it.each<[what: string, status: number, body: string]>([
    ['empty', 400, ''],
    ['white space', 400, ' \n'],
    ['truncated', 400, `{"image_base64":"${image_base64.slice(0, 50)}`],
    ['NaN', 400, '{"image_base64":"AAAA","nms_iou":NaN}'],
    ['100,000 levels of lists', 400, deep('[', ']')],
    ['100,000 levels of mappings', 400, deep('{"a":', '}')],
    ['levels in the ontology', 400, `{"image_base64":"AAAA","ontology":${deep('[', ']')}}`],
    ['two values', 400, '{}{}'],
    ['one with a name twice', 400, `{"image_base64":"AAAA","image_base64":"${image_base64}"}`],
    [
      'one with a name twice, spelled otherwise',
      400,
      `{"ontology":{"a: b":"c","a\\u003a b":"d"},"image_base64":"AAAA"}`,
    ],
    ['a byte order mark', 200, `\uFEFF{"image_base64":"${image_base64}"}`],
    ['a string of 10 MB', 422, `{"image_base64":"${'!'.repeat(10_000_000)}"}`],
    ['a key of 10 MB', 422, `{"${'k'.repeat(10_000_000)}":1}`],
    ['__proto__', 422, '{"__proto__":{"x":1},"image_base64":"AAAA"}'],
    ['a constructor', 422, '{"constructor":{"prototype":{"x":1}},"image_base64":"AAAA"}'],
    ['a number beyond all numbers', 422, '{"image_base64":"AAAA","nms_iou":1e999}'],
    ['100,000 images', 422, JSON.stringify({ images: times(100_000, () => 0) })],
  ])('S3: JSON that is %s is answered %d, soon', async (_what, status, body) => {
    const [response, ms] = await timed(() => send('application/json', body));
    expect(response.status).toBe(status);
    const text = await response.text();
    if (status !== 200) expect(JSON.parse(text)).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), status });
    expect(text.length).toBeLessThan(20_000); // it does not give all of it back
    expect(ms).toBeLessThan(2000);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect((await server.fetch('/livez')).status).toBe(200);
  });

  it.each<[type: string | undefined, status: number]>([
    [undefined, 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=utf-16', 415],
    ['application/xml', 415],
    ['image', 415],
    [',', 415],
    ['application/json; charset="UTF-8"', 400],
    ['multipart/form-data', 400],
    ['multipart/form-data; boundary=', 400],
    ['multipart/form-data; boundary=x', 400],
    [`multipart/form-data; boundary=${'x'.repeat(100)}`, 400],
  ])('S4: a body of type %j is answered %d', async (type, status) => {
    const response = await send(type, Uint8Array.from(Buffer.from('--x\r\nhello')));
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(status === 415 ? 'MEDIA_TYPE_UNSUPPORTED' : 'REQUEST_MALFORMED');
  });

  it('S16: a form of more than a form needs is refused, and names are labels only', async () => {
    const fileForm = (names: readonly string[]) => {
      const form = new FormData();
      for (const name of names) form.append('image', new Blob([bytes]), name);
      return form;
    };
    const post = (path: string, body: FormData) => server.fetch(path, { method: 'POST', body, headers: withKey() });
    expect((await post('/predict/batch', fileForm(times(100, String)))).status).toBe(413);
    const fields = fileForm(['a.jpg']);
    for (let i = 0; i < 1000; i++) fields.append(`field-${i}`, 'x');
    expect((await post('/predict', fields)).status).toBe(413);
    const names = ['../../etc/passwd', '<script>alert(1)</script>', 'a"b\\c', 'n'.repeat(10_000), '\u0000', 'a\r\nb'];
    const response = await post('/predict/batch', fileForm(names));
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ status }) => status)).toEqual(names.map(() => 200));
    for (const { id } of results) expect(id!.length).toBeLessThanOrEqual(200);
  });
});

describe('requests', () => {
  const HOST = 'Host: x\r\nConnection: close\r\n';

  it.each<[what: string, text: string]>([
    ['a path that climbs', `GET /../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded one', `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${HOST}\r\n`],
    ['one with slashes encoded', `GET /docs%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n${HOST}\r\n`],
    ['NUL in the path', `GET /livez%00.html HTTP/1.1\r\n${HOST}\r\n`],
    ['a real NUL', `GET /livez\u0000 HTTP/1.1\r\n${HOST}\r\n`],
    ['broken encoding', `GET /%E0%A4%A HTTP/1.1\r\n${HOST}\r\n`],
    ['an address elsewhere', `GET http://169.254.169.254/latest HTTP/1.1\r\n${HOST}\r\n`],
    ['TRACE', `TRACE /livez HTTP/1.1\r\n${HOST}\r\n`],
    ['a method of its own', `BREW /livez HTTP/1.1\r\n${HOST}\r\n`],
    ['HTTP/0.9', 'GET /livez\r\n\r\n'],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two lengths', `POST /predict HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
    [
      'length and chunks',
      `POST /predict HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunks that are none',
      `POST /predict HTTP/1.1\r\n${HOST}X-Api-Key: ${KEY}\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ['a negative length', `POST /predict HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
    ['a header in two', `GET /livez HTTP/1.1\r\n${HOST}X: a\r\n b\rc\r\n\r\n`],
    ['10 KB of one header', `GET /livez HTTP/1.1\r\n${HOST}X: ${'x'.repeat(10_000)}\r\n\r\n`],
    ['10 KB of path', `GET /${'x'.repeat(10_000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['4,500 headers', `GET /livez HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(4500)}\r\n`],
  ])('S15: %s: 4xx', async (_what, text) => {
    expect(await statusOfRaw(text)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('S15: a tunnel to somewhere else is cut without a word', async () => {
    expect(await rawAnswer(server.url, `CONNECT 169.254.169.254:80 HTTP/1.1\r\n${HOST}\r\n`)).toBe('');
  });

  it('S3: a body with many mistakes is told some of them', async () => {
    const images = times(60, () => ({ [KEY]: 1 }));
    const response = await server.postJson('/predict/batch', { images }, withKey());
    expect(response.status).toBe(422);
    const text = await response.text();
    expect((JSON.parse(text) as { errors: object[] }).errors).toHaveLength(20);
    expect(text.length).toBeLessThan(20_000);
    const ontology = { ['k'.repeat(1_000_000)]: 1 };
    expect(
      (await (await send('application/json', JSON.stringify({ image_base64, ontology }))).text()).length,
    ).toBeLessThan(5000);
  });

  it('S14: keys that are wrong in any way open nothing, and are not written anywhere', async () => {
    const ask = (key: string) => server.fetch('/info', { headers: { 'x-api-key': key } });
    for (const key of ['', KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase(), `${KEY},${KEY}`, 'ä'.normalize('NFC')]) {
      expect.soft((await ask(key)).status, key).toBe(401);
    }
    expect((await server.fetch(`/info?api_key=${KEY}&x-api-key=${KEY}&key=${KEY}`)).status).toBe(401);
    const huge = `GET /info HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${'k'.repeat(1_000_000)}\r\n\r\n`;
    expect(await statusOfRaw(huge)).toMatch(/^(?:HTTP\/1\.1 4\d\d .*|)$/); // cut while it is still being sent
    const metrics = await (await server.fetch('/metrics', { headers: withKey() })).text();
    expect(metrics + server.running.stdout + server.running.stderr).not.toContain('sixteen');
  });

  it('S17: cannot write into the log or the metrics', async () => {
    const evil = 'x\u001b[31m"\n{"level":60}';
    const labels = async () => {
      const text = await (await server.fetch('/metrics', { headers: withKey() })).text();
      return text
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.split(' ')[0]);
    };
    const known = new Set(await labels());
    const form = new FormData();
    form.append('image', new Blob([bytes]), evil);
    const ontology = { 'a photo of a cup': evil };
    const answers = await statuses([
      server.fetch(`/${encodeURIComponent(evil)}?${encodeURIComponent(evil)}`, { headers: withKey() }),
      server.fetch('/predict', { method: 'POST', body: form, headers: withKey() }),
      send('application/json', JSON.stringify({ image_base64, ontology })),
      send('application/json', JSON.stringify({ [evil]: 1 })),
      send('image/jpeg', bytes, { 'x-request-id': 'a"b{c}' }),
      send(`image/x"y`, bytes),
      server.fetch('/info', { headers: { 'x-api-key': '"}\\' } }),
      ...times(300, (i) => server.fetch(`/name-${i}/${'x'.repeat(i)}`, { headers: withKey() })),
    ]);
    expect(answers.filter((status) => status >= 500)).toEqual([]);
    for (const event of logOf(server))
      expect(event).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
    expect(server.running.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]|name-1/);
    const added = (await labels()).filter((label) => !known.has(label));
    expect(added.join('\n')).not.toMatch(/name-|31m|level/);
    expect(added.length).toBeLessThan(200); // routes and stages that had not been asked for before
  });
});
