import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preannotate } from '../support/cli.js';
import { copyRun, runScenes, TestReview } from '../support/review/review-server.js';

let folder = '';
let review: TestReview;
let out = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  out = await runScenes(folder);
  review = await TestReview.opened(out, ['--json']);
}, 120_000);

afterAll(async () => {
  await review[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A request whose headers are sent as they are. */
function send(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(review.origin);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    sent.on('error', reject).end(method === 'POST' ? '{}' : undefined);
  });
}

it('prints a link as JSON whose token becomes a cookie and leaves the address', async () => {
  const printed = JSON.parse(review.running.stdout) as Record<string, unknown>;
  expect(printed).toEqual({
    ...{ link: review.link, network_link: null },
    ...{ address: review.origin, read_only: null },
  });
  const answer = await fetch(review.link, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^preannotate_review_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  expect(answer.headers.get('set-cookie')).not.toContain(new URL(review.link).searchParams.get('token'));
});

it('answers nothing without the cookie, and says on the page which link is needed', async () => {
  const pack = await review.pack();
  const [id] = pack.facts.images.ids;
  const paths = ['/api/state', '/api/pack', '/api/decisions', '/api/events', `/api/images/${id}`, '/page/gallery.js'];
  for (const path of paths) {
    const answer = await fetch(`${review.origin}${path}`, { redirect: 'manual' });
    expect([path, answer.status]).toEqual([path, 401]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  }
  for (const path of ['/', '/?token=', '/?token=wrong', `/?token=${review.cookie.split('=')[1]}`]) {
    const answer = await fetch(`${review.origin}${path}`, { redirect: 'manual' });
    expect([path, answer.status]).toEqual([path, 401]);
    expect(await answer.text()).toContain('Open the link that preannotate review printed');
  }
  const { status } = await send('/api/state', { cookie: `${review.cookie}x` });
  expect(status).toBe(401);
});

it('refuses other host names and pages of other origins', async () => {
  const { cookie, origin } = review;
  const { host, port } = new URL(origin);
  expect(await send('/api/state', { cookie, host: 'evil.example.org' })).toMatchObject({ status: 400 });
  expect(await send('/api/state', { cookie, host: `localhost:${port}` })).toMatchObject({ status: 200 });
  const other = { cookie, host, 'content-type': 'application/json' };
  for (const from of [
    'http://evil.example.org',
    'null',
    `http://127.0.0.1:${Number(port) + 1}`,
    `https://${host}`.replace('1', '2'),
  ]) {
    const { status, body } = await send('/api/decisions', { ...other, origin: from }, 'POST');
    expect([from, status]).toEqual([from, 403]);
    expect(JSON.parse(body)).toMatchObject({ code: 'ORIGIN_REFUSED' });
  }
  expect(await send('/api/images/1', { cookie, host, 'sec-fetch-site': 'same-site' })).toMatchObject({ status: 403 });
  expect(await send('/api/decisions', { ...other, origin }, 'POST')).toMatchObject({ status: 422 });
});

it('every answer forbids other contents, frames and sniffing', async () => {
  for (const path of ['/', '/page/gallery.js', '/api/state', '/api/images/1', '/nothing']) {
    const { headers } = await review.get(path);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  }
  const page = (await review.get('/')).headers.get('content-security-policy');
  expect(page).toContain("script-src 'self'");
  expect(page).not.toContain('unsafe');
});

it('serves the images of the run by number and nothing else', async () => {
  const paths = [
    ...['/api/images/0', '/api/images/-1', '/api/images/1e3', '/api/images/999', '/api/images/01'],
    ...[
      '/api/images/..%2f..%2fetc%2fpasswd',
      '/api/images/../../run.json',
      '/run.json',
      '/..%2frun.json',
      '/page/x.js',
    ],
    ...['/api/images/1/thumbnail/..', '/detections.jsonl', '/.preannotate/lock'],
  ];
  for (const path of paths) expect([path, (await send(path, { cookie: review.cookie })).status]).toEqual([path, 404]);
  const { status } = await send('/api/pack', { cookie: review.cookie }, 'POST');
  expect(status).toBe(405);
});

it('listens for other machines only with keys, which browsers ask for', async () => {
  const refused = await preannotate(['review', out, '--host', '0.0.0.0']);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('API keys are needed');
  const copy = await copyRun(out);
  const env = { PREANNOTATE_API_KEYS: 'a-key-of-sixteen' };
  await using open = new TestReview(copy, ['--host', '0.0.0.0'], { env });
  await open.printed();
  const at = `http://127.0.0.1:${new URL(open.link).port}`;
  expect(new URL(open.link).hostname).toBe('127.0.0.1');
  const elsewhere = `On other machines: ${open.link.replace('127.0.0.1', hostname().toLowerCase())}, or another name`;
  await expect.poll(() => open.running.stderr).toContain(elsewhere);
  const page = await fetch(at);
  expect([page.status, page.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="preannotate review"']);
  const basic = `Basic ${Buffer.from('mira:a-key-of-sixteen').toString('base64')}`;
  expect((await fetch(`${at}/api/state`, { headers: { authorization: basic } })).status).toBe(200);
  expect((await fetch(`${at}/api/state`, { headers: { 'x-api-key': 'another-key-here' } })).status).toBe(401);
});

it('the next review of a folder has the same link; secrets that others can read are not used', async () => {
  const copy = await copyRun(out);
  const place = join(copy, '.preannotate/review-link.json');
  await using first = await TestReview.opened(copy);
  expect((await stat(place)).mode & 0o777).toBe(0o600);
  await first.stopped('SIGKILL');
  await using second = await TestReview.opened(copy);
  expect(second.link).toBe(first.link);
  expect((await second.get('/api/state', { headers: { cookie: first.cookie } })).status).toBe(200);
  await second.stopped();
  const port = Number(new URL(first.link).port);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  await using third = await TestReview.opened(copy);
  expect(third.origin).not.toBe(first.origin);
  expect(new URL(third.link).search).toBe(new URL(first.link).search);
  await third.stopped();
  other.close();
  await chmod(place, 0o644);
  await using fourth = await TestReview.opened(copy);
  expect(new URL(fourth.link).search).not.toBe(new URL(first.link).search);
  expect((await stat(place)).mode & 0o777).toBe(0o600);
});
