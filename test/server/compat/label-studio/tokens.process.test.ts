import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  failedTasks,
  predict,
  predictionsOf,
  predictRequest,
  refusalOf,
} from '../../../support/clients/label-studio.js';
import { Running } from '../../../support/cli.js';
import { scene, TestServer } from '../../../support/server.js';
import { startLabelStudio, type LabelStudioServer } from '../../../support/servers/label-studio-server.js';
import { startWebServer } from '../../../support/servers/web-server.js';

const jwt = (payload: object) =>
  ['{"alg":"HS256"}', JSON.stringify(payload), 'a signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

/** What Label Studio shows as a personal access token. */
const PERSONAL = jwt({ token_type: 'refresh', exp: 9_999_999_999, user_id: 1 });

const tasks = (count: number) => predictRequest(Array.from({ length: count }, (_, i) => `/data/upload/1/${i}.jpg`));

let studio: LabelStudioServer;
let server: TestServer;
const issued = (exchange: number) => ({ status: 200, body: JSON.stringify({ access: `access-${exchange}` }) });
const latest = () => `Bearer access-${studio.exchanges.length}`;

beforeAll(async () => {
  studio = await startLabelStudio(await scene('scene-01.jpg'), { refresh: issued, accepts: () => true });
});
beforeEach(async () => {
  studio.behaviour.refresh = issued;
  studio.behaviour.accepts = (authorization) => authorization === latest();
  studio.exchanges.length = studio.files.length = 0;
  await restart(PERSONAL);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  studio[Symbol.dispose]();
});

async function restart(token: string | undefined, url = studio.url) {
  await (server as TestServer | undefined)?.[Symbol.asyncDispose]();
  server = await TestServer.ready({ env: { LABEL_STUDIO_URL: url, LABEL_STUDIO_API_KEY: token } });
}

describe('a personal access token', () => {
  it('is exchanged once for all tasks and for later requests, and never logged', async () => {
    const results = await predictionsOf(await predict(server, tasks(12)));
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    await predictionsOf(await predict(server, tasks(2)));
    expect(studio.exchanges).toEqual([JSON.stringify({ refresh: PERSONAL })]);
    expect(studio.files).toEqual(Array(14).fill('Bearer access-1'));
    expect(server.running.stderr).not.toMatch(new RegExp(`access-1|${PERSONAL}`));
  });

  it('is exchanged again, once for all tasks, when the access token is no longer accepted', async () => {
    await predictionsOf(await predict(server, tasks(1)));
    studio.behaviour.accepts = (authorization) => authorization === 'Bearer access-2';
    const results = await predictionsOf(await predict(server, tasks(12)));
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    expect(studio.exchanges).toHaveLength(2);
    expect(failedTasks(server)).toEqual([]);
  });

  it('is exchanged again before an access token expires', async () => {
    const access = (exchange: number) => jwt({ token_type: 'access', iat: 1_000, exp: 1_001, exchange }); // for 1 s
    studio.behaviour.refresh = (exchange) => ({ status: 200, body: JSON.stringify({ access: access(exchange) }) });
    studio.behaviour.accepts = () => true;
    await predictionsOf(await predict(server, tasks(2)));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await predictionsOf(await predict(server, tasks(2)));
    expect(studio.files).toEqual([access(1), access(1), access(2), access(2)].map((token) => `Bearer ${token}`));
  });

  it('is exchanged at most twice for a request whose access tokens are all refused', async () => {
    studio.behaviour.accepts = () => false;
    const refusal = await refusalOf(await predict(server, tasks(12)));
    expect(refusal).toMatchObject({ status: 422, code: 'URL_FETCH_FAILED' });
    expect(refusal.detail).toContain('Label Studio refuses the token of LABEL_STUDIO_API_KEY (status 401)');
    expect(studio.exchanges).toHaveLength(2);
    expect(failedTasks(server)).toHaveLength(12);
    expect(server.running.stderr + refusal.detail).not.toMatch(new RegExp(`access-|${PERSONAL}`));
    studio.behaviour.accepts = (authorization) => authorization === latest();
    await predictionsOf(await predict(server, tasks(1))); // as soon as it is accepted again
  });

  it.each<[what: string, reason: RegExp, refresh: LabelStudioServer['behaviour']['refresh']]>([
    ['is refused', /status 401/, () => ({ status: 401, body: '{"detail":"Token is invalid or expired"}' })],
    ['is exchanged at an address that is not there', /status 404/, () => ({ status: 404, body: '<html>' })],
    ['gets a page', /without an access token/, () => ({ status: 200, body: '<html>' })],
    ['gets no token', /without an access token/, () => ({ status: 200, body: '{"access":""}' })],
    ['gets a header', /without an access token/, () => ({ status: 200, body: '{"access":"a\\r\\nx-y: z"}' })],
    ['gets 1 MB', /too long/, () => ({ status: 200, body: JSON.stringify({ access: 'a'.repeat(1e6) }) })],
  ])('that %s fails every task after one exchange, and is tried again with the next request', async (...row) => {
    const [, reason, refresh] = row;
    studio.behaviour.refresh = refresh;
    const refusal = await refusalOf(await predict(server, tasks(20)));
    expect(refusal).toMatchObject({ status: 422, code: 'URL_FETCH_FAILED' });
    expect(refusal.detail).toContain('LABEL_STUDIO_API_KEY could not be exchanged');
    expect(refusal.detail).toMatch(reason);
    expect([studio.exchanges.length, studio.files.length]).toEqual([1, 0]);
    studio.behaviour.refresh = issued;
    await predictionsOf(await predict(server, tasks(1)));
  });

  it('is sent to no other host when the exchange is redirected', async () => {
    using elsewhere = await startWebServer();
    const location = `http://127.0.0.1:${elsewhere.port}/api/token/refresh/`;
    for (const status of [301, 302, 307, 308]) {
      studio.behaviour.refresh = () => ({ status, body: '', headers: { location } });
      const { detail } = await refusalOf(await predict(server, tasks(2)));
      expect(detail).toContain(`status ${status}`);
    }
    expect(elsewhere.connections).toBe(0);
  });

  it('that cannot be exchanged because Label Studio is down affects no task with an image of its own', async () => {
    await restart(PERSONAL, 'http://127.0.0.1:1/ls');
    const image = `data:image/jpeg;base64,${Buffer.from(await scene('scene-01.jpg')).toString('base64')}`;
    const results = await predictionsOf(await predict(server, predictRequest(['/data/upload/1/a.jpg', image])));
    expect(results[0]).toEqual([]);
    expect(results[1]!.result.length).toBeGreaterThan(2);
    expect(failedTasks(server).map(({ reason }) => reason)).toEqual([
      'LABEL_STUDIO_API_KEY could not be exchanged for an access token at /ls/api/token/refresh/: ' +
        'its host does not accept connections.',
    ]);
  });
});

describe('a legacy token', () => {
  it('is sent as it is, and not again where it is refused', async () => {
    await restart('c9d0a2f8c9d0a2f8c9d0a2f8c9d0a2f8c9d0a2f8');
    studio.behaviour.accepts = (authorization) => authorization === 'Token c9d0a2f8c9d0a2f8c9d0a2f8c9d0a2f8c9d0a2f8';
    await predictionsOf(await predict(server, tasks(2)));
    studio.behaviour.accepts = () => false;
    const { detail } = await refusalOf(await predict(server, tasks(1)));
    expect(detail).toContain('Label Studio refuses the token of LABEL_STUDIO_API_KEY (status 401)');
    expect([studio.exchanges.length, studio.files.length]).toEqual([0, 3]);
  });

  it('that is missing is named where Label Studio asks for one', async () => {
    await restart(undefined);
    const { detail } = await refusalOf(await predict(server, tasks(1)));
    expect(detail).toContain('Label Studio asks for a token (status 401)');
    expect(studio.files).toEqual([undefined]);
  });

  it('that cannot be sent in a header is refused at the start', async () => {
    const running = new Running(['serve', '--port', '0'], { env: { LABEL_STUDIO_API_KEY: 'two words' } });
    const { code, stderr } = await running.finished();
    expect(code).toBe(2);
    expect(stderr).toContain('LABEL_STUDIO_API_KEY is not a token');
    expect(stderr).not.toContain('two words');
  });
});
