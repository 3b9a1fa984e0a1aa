import { base64, scene, type TestServer } from '../server.js';
import { times } from './requests.js';

/** What a client sends, and how it ends its part. */
export interface Unfinished {
  readonly bytes: Buffer;
  readonly ending: 'close' | 'reset' | 'half-close' | 'stay';
  /** So many at once. */
  readonly clients?: number;
  /** When the clients end; default: after a tenth of a second. */
  readonly when?: (server: TestServer) => Promise<boolean>;
}

const image = await scene('scene-01.jpg');
const BATCH = JSON.stringify({ images: times(12, () => ({ image_base64: base64(image) })) });
const PAGE = 'Host: localhost\r\n\r\n';
const JPEG = 'Host: localhost\r\nContent-Type: image/jpeg\r\n';
const CHUNKED = `POST /predict HTTP/1.1\r\n${JPEG}Transfer-Encoding: chunked\r\n\r\n`;
const EXPECT = `POST /predict HTTP/1.1\r\n${JPEG}Expect: 100-continue\r\n`;
const UPGRADE = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade:';
const WEBSOCKET = 'websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const FORM =
  'Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 90000\r\n\r\n' +
  '--B\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n';

const upload = request('/predict', 'image/jpeg', image);
const batch = request('/predict/batch', 'application/json', BATCH);
const lines = request('/predict/batch', 'application/json\r\nAccept: application/x-ndjson', BATCH);
const unreachable = request('/predict', 'application/json', '{"image_url":"http://10.255.255.1/a.jpg"}');
const admitted = (count: number) => async (server: TestServer) => (await server.metric('admitted_items')) >= count;
const computed = async (server: TestServer) => (await server.metric('images_total')) > 0;

/** Requests that are over when their clients have ended, by what is unfinished about them. */
export const ABANDONED: Readonly<Record<string, Unfinished>> = {
  'a connection without a request': sent('', 'stay'),
  'half a header, held': sent('POST /predict HTTP/1.1\r\nHost: loc', 'stay'),
  'a keep-alive connection after an answer': sent(`GET /livez HTTP/1.1\r\n${PAGE}`, 'stay'),
  'half an upload': sent(upload.subarray(0, 5000), 'close'),
  'half an upload, reset': sent(upload.subarray(0, 5000), 'reset'),
  'half an upload, half-closed': sent(upload.subarray(0, 5000), 'half-close'),
  'half a form': sent(`POST /predict HTTP/1.1\r\nHost: localhost\r\n${FORM}abc`, 'close'),
  'half a chunk': sent(`${CHUNKED}50\r\nabc`, 'close'),
  'a chunk without a size, held': sent(`${CHUNKED}5\r\nabcde\r\nzz\r\n`, 'stay'),
  'a chunk without a size': sent(`${CHUNKED}5\r\nabcde\r\nzz\r\n`, 'reset'),
  'an expectation that was met': sent(`${EXPECT}Content-Length: 900\r\n\r\n`, 'close'),
  'an expectation that was refused, held': sent(`${EXPECT}Content-Length: 900000000000\r\n\r\n`, 'stay'),
  'a body that is too large, held': sent(
    `POST /predict HTTP/1.1\r\n${JPEG}Content-Length: 900000000\r\n\r\nab`,
    'stay',
  ),
  'a body that no route reads, held': sent(`POST /nothing HTTP/1.1\r\n${JPEG}Content-Length: 90000\r\n\r\nab`, 'stay'),
  'an image that is being computed': { ...sent(upload, 'close'), when: admitted(1) },
  'an image that is being computed, half-closed': { ...sent(upload, 'half-close'), when: admitted(1) },
  'images in the queue': { ...sent(upload, 'close'), clients: 20, when: admitted(20) },
  'an image that has passed its deadline': sent(
    request('/predict', 'image/jpeg\r\nX-Request-Timeout-Ms: 20', image),
    'close',
  ),
  'an image that is being fetched': sent(unreachable, 'reset'),
  'a batch in the middle': { ...sent(batch, 'close'), when: computed },
  'a batch of lines in the middle of its answer': { ...sent(lines, 'reset'), when: computed },
  'an answer that is not read': sent(`GET /openapi.json HTTP/1.1\r\n${PAGE}`, 'reset'),
  'a WebSocket, held': sent(`GET /livez HTTP/1.1\r\n${UPGRADE} ${WEBSOCKET}`, 'stay'),
  'an upgrade to HTTP/2, held': sent(`GET /livez HTTP/1.1\r\n${UPGRADE} h2c\r\n\r\n`, 'stay'),
  'a tunnel, held': sent('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', 'stay'),
  'a TLS handshake, held': sent(Buffer.from([22, 3, 1, 0, 200, 1, 0, 0]), 'stay'),
  'pipelined requests, held': sent(`GET /livez HTTP/1.1\r\n${PAGE}`.repeat(50), 'stay'),
  'pipelined images': { ...sent(Buffer.concat(times(4, () => upload)), 'close'), when: admitted(4) },
  'pipelined batches of lines': { ...sent(Buffer.concat(times(2, () => lines)), 'close'), when: admitted(24) },
  'pages behind an image': sent(
    Buffer.concat([upload, Buffer.from(`GET /livez HTTP/1.1\r\n${PAGE}`.repeat(9))]),
    'close',
  ),
  'half an upload behind an image': sent(Buffer.concat([upload, upload.subarray(0, 5000)]), 'close'),
  'garbage behind an image': sent(Buffer.concat([upload, Buffer.from('\0\r\n\r\n')]), 'close'),
};

/** Requests that a client leaves open. */
export const HELD: Readonly<Record<string, Unfinished>> = {
  'half an upload': sent(upload.subarray(0, 5000), 'stay'),
  'an expectation that was met': sent(`${EXPECT}Content-Length: 900\r\n\r\n`, 'stay'),
  'half a form': sent(`POST /predict HTTP/1.1\r\nHost: localhost\r\n${FORM}abc`, 'stay'),
  'a long batch': { ...sent(batch, 'stay'), when: admitted(12) },
  'a long batch of lines': { ...sent(lines, 'stay'), when: admitted(12) },
  'pipelined images': { ...sent(Buffer.concat(times(9, () => upload)), 'stay'), when: admitted(9) },
};

function sent(bytes: Buffer | string, ending: Unfinished['ending']): Unfinished {
  return { bytes: Buffer.from(bytes), ending };
}

function request(path: string, type: string, body: Buffer | Uint8Array | string): Buffer {
  const length = Buffer.byteLength(body);
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}
