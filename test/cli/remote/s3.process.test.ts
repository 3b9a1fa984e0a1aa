import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DiscoverOptions } from '../../../src/images/listing/discover.js';
import { discoverRemote } from '../../../src/images/remote/discover-remote.js';
import { EMOJI, journalled, preannotate, SCENES } from '../../support/cli.js';
import { FETCH } from '../../support/job.js';
import { S3_ENVIRONMENT, S3_KEYS, sendError, startS3Server } from '../../support/servers/s3-server.js';
import { temporaryFolder } from '../../support/temporary.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-10.png', 'scene-19.webp'];

/** A server whose bucket has the scenes in a folder, and others beside it. */
async function startScenes(options: Parameters<typeof startS3Server>[0] = {}) {
  const server = await startS3Server(options);
  const scenes = new Map<string, Buffer>();
  for (const name of NAMES) scenes.set(`photos/${name}`, await readFile(join(SCENES, name)));
  const [bytes] = scenes.values();
  for (const key of [
    'photos/',
    'photos/a b+é%20/1.jpg',
    'photos/.hidden/2.jpg',
    'photos/notes.txt',
    'photos2/3.jpg',
    '../4.jpg',
  ])
    scenes.set(key, key.endsWith('/') ? Buffer.alloc(0) : bytes!);
  server.buckets.set('yard', scenes);
  return server;
}

async function annotate(
  server: { endpoint: string },
  input: string,
  more: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
) {
  const out = more.includes('-o') ? [] : ['-o', join(await temporaryFolder(), 'out')];
  const args = ['run', input, '--s3-endpoint', server.endpoint, '--s3-path-style', ...EMOJI, ...out, ...more];
  const result = await preannotate(args, { env: { ...S3_ENVIRONMENT, ...env }, timeoutMs: 60_000 });
  return { ...result, out: (out[1] ?? more[more.indexOf('-o') + 1])! };
}

/** The names that a run would have, in this process. */
async function discover(server: { endpoint: string }, input: string, changed: Partial<DiscoverOptions> = {}) {
  for (const [name, value] of Object.entries(S3_ENVIRONMENT)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const options = { recursive: true, include: [], exclude: [], outputFolders: [], ...changed };
  const fetch = { ...FETCH, s3: { endpoint: server.endpoint, pathStyle: true, unsigned: false } };
  const { images } = await discoverRemote([input], options, { fetch, signal: new AbortController().signal });
  return images.map(({ name }) => name);
}

async function namesIn(out: string): Promise<string[]> {
  return (await journalled(out)).map(({ image }) => image).sort();
}

describe('a run over s3://', () => {
  it('annotates what is below a prefix, page by page, and again what has changed', async () => {
    using server = await startScenes({ pageSize: 2 });
    const first = await annotate(server, 's3://yard/photos');
    expect(first.stderr).not.toContain('rror');
    expect(first.stderr).not.toMatch(/warning/i);
    expect(first.code).toBe(0);
    const names = ['yard/photos/a b+é%2520/1.jpg', ...NAMES.map((name) => `yard/photos/${name}`)];
    expect(await namesIn(first.out)).toEqual(names);
    const objects = server.buckets.get('yard')!;
    objects.set('photos/scene-02.jpg', objects.get('photos/scene-10.png')!);
    objects.delete('photos/a b+é%20/1.jpg');
    server.requests.clear();
    const second = await annotate(server, 's3://yard/photos', ['-o', first.out, '--accept-missing']);
    expect(second.stderr).toContain('1 image has changed and is annotated again: yard/photos/scene-02.jpg.');
    expect(second.stderr).toContain('1 annotated image is no longer found');
    expect([...server.requests.keys()].sort()).toEqual(['?list', 'photos', 'photos/scene-02.jpg']);
    const run = await readFile(join(first.out, 'run.json'), 'utf8');
    expect(JSON.parse(run)).toMatchObject({ status: 'done', counts: { annotated: 4, gone: 1, failed: 0 } });
    const third = await annotate(server, 's3://yard/photos', ['-o', first.out]);
    expect(third.stderr).not.toContain('changed');
    expect(server.requests.get('photos/scene-02.jpg')).toBe(1);
  });

  it('takes one object, and filters by patterns, endings and depth', async () => {
    using server = await startScenes();
    const list = async (input: string, changed: Partial<DiscoverOptions> = {}) =>
      (await discover(server, input, changed)).map((name) => name.replace('yard/', ''));
    expect(await list('s3://yard/photos/notes.txt')).toEqual(['photos/notes.txt']);
    expect(await list('s3://yard/', { include: ['**/*.png'] })).toEqual(['photos/scene-10.png']);
    expect(await list('s3://yard/photos/', { exclude: ['**/scene-*'] })).toEqual(['photos/a b+é%2520/1.jpg']);
    const flat = { recursive: false, extensions: ['webp', 'txt'] };
    expect(await list('s3://yard/photos', flat)).toEqual(['photos/notes.txt', 'photos/scene-19.webp']);
    await expect(list('s3://yard', { recursive: false })).rejects.toThrow('s3://yard/: no images found');
  });

  it('finds one object, and all pages, where keys are not listed in order', async () => {
    using server = await startScenes({ isUnsorted: true, pageSize: 2 });
    const objects = server.buckets.get('yard')!;
    objects.set('photos/notes.txt.old', objects.get('photos/notes.txt')!);
    expect(await discover(server, 's3://yard/photos/notes.txt')).toEqual(['yard/photos/notes.txt']);
    const names = ['yard/photos/a b+é%2520/1.jpg', ...NAMES.map((name) => `yard/photos/${name}`)];
    expect(await discover(server, 's3://yard/photos')).toEqual(names);
  });

  it('lists a folder where only the objects in it may be read, and names one object that may not', async () => {
    using server = await startScenes();
    for (const key of ['photos', 'photos/scene-01.jpg'])
      server.faults.set(key, (_, response) => {
        sendError(response, 403, 'AccessDenied');
        return true;
      });
    expect(await discover(server, 's3://yard/photos')).toContain('yard/photos/scene-02.jpg');
    await expect(discover(server, 's3://yard/photos/scene-01.jpg')).rejects.toThrow(
      's3://yard/photos/scene-01.jpg is an object: access is denied',
    );
  });

  it('says that the same command does what is left where a server stays busy', async () => {
    using server = await startScenes();
    server.faults.set('?list', (_, response) => {
      sendError(response, 503, 'SlowDown');
      return true;
    });
    const hint = expect.stringMatching(/^Try again later: the same command does what is left\.$/) as string;
    await expect(discover(server, 's3://yard/photos')).rejects.toMatchObject({ hint });
  });

  it('reports inputs that match nothing, and refuses an object that is not there', async () => {
    using server = await startScenes();
    const out = join(await temporaryFolder(), 'out');
    const some = await annotate(server, 's3://yard/photos/scene-01.jpg', ['s3://yard/photoz/', '--dry-run', '-o', out]);
    expect(some.stdout).toContain('s3://yard/photoz/: no images found: no object is below it.');
    const missing = await annotate(server, 's3://yard/photos/', ['s3://yard/photos/scene-99.jpg', '-o', out]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no object') as string });
    expect(existsSync(join(out, 'detections.jsonl'))).toBe(false);
    await expect(discover(server, 's3://yard/photoz/')).rejects.toThrow('no object is below it');
  });

  it('retries SlowDown, cut bodies and timeouts, and records what was denied', async () => {
    using server = await startScenes();
    const { faults } = server;
    const slowDown = (until: number) => (_: unknown, response: Parameters<typeof sendError>[0], attempt: number) => {
      if (attempt <= until) sendError(response, 503, 'SlowDown');
      return attempt <= until;
    };
    faults.set('?list', slowDown(1)).set('photos/scene-01.jpg', slowDown(2));
    faults.set('photos/scene-02.jpg', (_, response, attempt) => {
      if (attempt === 1) response.writeHead(200, { 'content-length': 5000 }).end('cut');
      if (attempt === 2) response.writeHead(200, { 'content-length': 5000 }).write('cut', () => response.destroy());
      return attempt <= 2;
    });
    faults.set('photos/scene-10.png', (_request, _response, attempt) => attempt === 1); // never answers
    faults.set('photos/scene-19.webp', (_, response) => {
      sendError(response, 403, 'AccessDenied');
      return true;
    });
    const { code, out } = await annotate(server, 's3://yard/photos', ['--fetch-timeout', '1s']);
    expect(code).toBe(3);
    const names = ['a b+é%2520/1.jpg', 'scene-01.jpg', 'scene-02.jpg', 'scene-10.png'].map(
      (name) => `yard/photos/${name}`,
    );
    expect(await namesIn(out)).toEqual(names);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim().split('\n');
    expect(errors).toHaveLength(1);
    const failure = { image: 'yard/photos/scene-19.webp', code: 'URL_FETCH_FAILED' };
    expect(JSON.parse(errors[0]!)).toMatchObject(failure);
    expect(errors[0]).toContain('access is denied (AccessDenied)');
    expect(server.requests.get('photos/scene-19.webp')).toBe(1);
  });

  it('reads a public bucket without credentials', async () => {
    using server = await startScenes({ isPublic: true });
    const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const denied = await annotate(server, 's3://yard/photos', [], env);
    expect(denied).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no AWS credentials were found') as string,
    });
    const { code, out } = await annotate(server, 's3://yard/photos/scene-01.jpg', ['--s3-no-sign-request'], env);
    expect(code).toBe(0);
    const again = ['export', out, '--images', 'copy', '--s3-endpoint', server.endpoint];
    const refused = await preannotate(again, { env: { ...S3_ENVIRONMENT, ...env } });
    expect(refused.code).toBe(3);
    const advice =
      /credentials were found \(\w+\); give --s3-path-style, --s3-no-sign-request again, if the run had them/;
    expect(refused.stderr).toMatch(advice);
  });

  it('writes nothing where the listing is not complete, and says in plain words why', async () => {
    using server = await startScenes({ pageSize: 2 });
    const { out } = await annotate(server, 's3://yard/photos');
    const before = await readFile(join(out, 'run.json'), 'utf8');
    const refusals: [string, string][] = [
      ['AccessDenied', 'access is denied (AccessDenied)'],
      ['ExpiredToken', 'the AWS credentials have expired (ExpiredToken)'],
      ['SignatureDoesNotMatch', 'the AWS credentials are not valid there'],
    ];
    for (const [code, message] of refusals) {
      server.requests.clear();
      server.faults.set('?list', (_, response, attempt) => {
        if (attempt === 3) sendError(response, 403, code); // in the middle
        return attempt === 3;
      });
      const failure = discover(server, 's3://yard/photos');
      await expect(failure).rejects.toThrow(`The bucket yard cannot be listed: ${message}`);
    }
    server.requests.clear();
    const failed = await annotate(server, 's3://yard/photos', ['-o', out]);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('The bucket yard cannot be listed: the AWS credentials are not valid there');
    expect(failed.stderr).not.toContain(S3_KEYS.secret);
    expect(await readFile(join(out, 'run.json'), 'utf8')).toBe(before);
    server.faults.clear();
    await expect(discover(server, 's3://other/a')).rejects.toThrow('there is no such bucket (NoSuchBucket)');
    const closed = { endpoint: 'http://127.0.0.1:1' };
    await expect(discover(closed, 's3://yard/a')).rejects.toThrow('does not accept connections (ECONNREFUSED)');
  });

  it('names the command that installs the AWS SDK where it is missing', async () => {
    const hook = `export const resolve = (name, context, next) => {
      if (name === '@aws-sdk/client-s3') throw Object.assign(new Error('missing'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    };`;
    const toUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(toUrl(hook))});`;
    const env = { NODE_OPTIONS: `--import ${toUrl(register)}` };
    const { code, stderr } = await annotate({ endpoint: 'http://127.0.0.1:1' }, 's3://yard/photos', [], env);
    expect(code).toBe(2);
    expect(stderr).toContain('npm install @aws-sdk/client-s3');
  });
});
