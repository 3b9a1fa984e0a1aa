import { connect, createServer, type AddressInfo } from 'node:net';
import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMMIT, etagOf, HubServer, tinyModel, type Trick } from '../support/servers/hub-server.js';
import { machine } from './fetching.js';

const WEIGHTS = 'model.safetensors';
const bytes = tinyModel()[WEIGHTS]!;
const isWeights = (path: string) => path.startsWith('/cdn/') && path.endsWith(WEIGHTS);

/** Replaces the response to the first `count` requests for the weights. */
function firstTimes(count: number, trick: (...args: Parameters<Trick>) => void): Trick {
  let left = count;
  return (request, response, seen) => {
    if (!isWeights(seen.path) || left === 0) return false;
    left--;
    trick(request, response, seen);
    return true;
  };
}

describe('a download', () => {
  it('resumes a partial file of an earlier process', async () => {
    const hub = await HubServer.start();
    const { ensure, root, done } = await machine(hub);
    await mkdir(join(root, 'blobs'), { recursive: true });
    await writeFile(join(root, 'blobs', `${etagOf(WEIGHTS, bytes)}.incomplete`), bytes.subarray(0, 500_000));
    const { folder } = await ensure();
    expect(hub.fetches(WEIGHTS).map(({ range }) => range)).toEqual(['bytes=500000-']);
    expect((await readFile(join(folder, WEIGHTS))).equals(bytes)).toBe(true);
    expect(Math.max(...done)).toBe(done.at(-1));
    expect(await readdir(join(root, 'blobs'))).toHaveLength(8); // no incomplete file is left
  });

  it('resumes after every closed connection, as long as each attempt makes progress', async () => {
    const hub = await HubServer.start({
      trick: firstTimes(7, (request, response) => {
        const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
        response.writeHead(from > 0 ? 206 : 200, {
          'content-length': bytes.length - from,
          ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
        });
        response.write(bytes.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 20));
      }),
    });
    const { ensure } = await machine(hub);
    const { folder } = await ensure();
    expect((await readFile(join(folder, WEIGHTS))).equals(bytes)).toBe(true);
    const ranges = hub.fetches(WEIGHTS).map(({ range }) => range);
    expect(ranges).toHaveLength(8);
    expect(new Set(ranges).size).toBe(8);
  });

  it('restarts from the first byte when the server does not support ranges', async () => {
    const hub = await HubServer.start({
      trick: (_request, response, { path }) => {
        if (!isWeights(path)) return false;
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
        return true;
      },
    });
    const { ensure, root } = await machine(hub);
    await mkdir(join(root, 'blobs'), { recursive: true });
    await writeFile(join(root, 'blobs', `${etagOf(WEIGHTS, bytes)}.incomplete`), Buffer.alloc(300_000, 7));
    const { folder } = await ensure();
    expect((await readFile(join(folder, WEIGHTS))).equals(bytes)).toBe(true);
    expect(hub.fetches(WEIGHTS)).toHaveLength(1);
  });

  it('is repeated in full when it resumed a partial file with wrong bytes', async () => {
    const hub = await HubServer.start();
    const { ensure, root, notes } = await machine(hub);
    await mkdir(join(root, 'blobs'), { recursive: true });
    await writeFile(join(root, 'blobs', `${etagOf(WEIGHTS, bytes)}.incomplete`), Buffer.alloc(300_000, 7));
    await ensure();
    expect(hub.fetches(WEIGHTS).map(({ range }) => range)).toEqual(['bytes=300000-', undefined]);
    expect(notes.join()).toMatch(/wrong bytes/);
  });

  it('that receives wrong bytes twice fails with both hashes and leaves no file', async () => {
    const wrong = Buffer.from(bytes);
    wrong[1000]! ^= 1;
    const hub = await HubServer.start({
      trick: (_request, response, { path }) => {
        if (isWeights(path)) response.end(wrong);
        return isWeights(path);
      },
    });
    const { ensure, root } = await machine(hub);
    await expect(ensure()).rejects.toMatchObject({
      code: 'MODEL_DOWNLOAD_FAILED',
      message: expect.stringMatching(new RegExp(`${etagOf(WEIGHTS, bytes)}.*${etagOf(WEIGHTS, wrong)}`)),
    });
    expect(hub.fetches(WEIGHTS)).toHaveLength(2);
    expect((await readdir(join(root, 'blobs'))).filter((name) => name.startsWith(etagOf(WEIGHTS, bytes)))).toEqual([]);
    expect((await readdir(root)).includes('refs')).toBe(false); // no branch points to an incomplete model
  });

  it('waits for the time in Retry-After and retries after server errors', async () => {
    const times: number[] = [];
    const statuses = [429, 503];
    const hub = await HubServer.start({
      trick: firstTimes(2, (_request, response) => {
        times.push(performance.now());
        response.writeHead(statuses[times.length - 1]!, times.length === 1 ? { 'retry-after': '1' } : {}).end();
      }),
    });
    await (await machine(hub)).ensure();
    expect(hub.fetches(WEIGHTS)).toHaveLength(3);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1000);
  });

  it('that stalls for HF_HUB_DOWNLOAD_TIMEOUT seconds is resumed', async () => {
    const hub = await HubServer.start({
      trick: firstTimes(1, (_request, response) => {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 200_000));
      }),
    });
    const { ensure } = await machine(hub, { variables: { HF_HUB_DOWNLOAD_TIMEOUT: '1' } });
    await ensure();
    expect(hub.fetches(WEIGHTS)[1]!.range).toBe('bytes=200000-');
  });

  it('fails after five attempts with the address and how to continue', async () => {
    const hub = await HubServer.start({
      trick: (_request, response) => {
        response.writeHead(500).end();
        return true;
      },
    });
    await expect((await machine(hub)).ensure()).rejects.toMatchObject({
      code: 'MODEL_DOWNLOAD_FAILED',
      message: expect.stringMatching(new RegExp(`${hub.url}: status 500`)),
      hint: expect.stringMatching(/models pull[^]*builtin:emoji/),
    });
    expect(hub.seen).toHaveLength(5);
  });

  it('fails without a network with the connection error', async () => {
    const { ensure } = await machine({ url: 'http://127.0.0.1:9' });
    await expect(ensure()).rejects.toMatchObject({
      code: 'MODEL_DOWNLOAD_FAILED',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it.each(['/api/', '/resolve/', '/cdn/'])(
    'that receives a web page from %s fails with a message about a web page',
    async (part) => {
      const hub = await HubServer.start({
        trick: (_request, response, { path }) => {
          if (!path.includes(part)) return false;
          response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><p>Log in');
          return true;
        },
      });
      const { ensure, root } = await machine(hub);
      await expect(ensure()).rejects.toMatchObject({
        code: 'MODEL_DOWNLOAD_FAILED',
        message: expect.stringMatching(/web page/),
      });
      expect(await readdir(join(root, 'snapshots', COMMIT)).catch(() => [])).not.toContain(WEIGHTS);
    },
  );

  it('stops when it is aborted and keeps the bytes that it received', async () => {
    const controller = new AbortController();
    const hub = await HubServer.start({
      trick: firstTimes(1, (_request, response) => {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 200_000));
      }),
    });
    const { ensure, root, done } = await machine(hub, { signal: controller.signal });
    const fetching = ensure();
    fetching.catch(() => {});
    const small = Object.entries(tinyModel()).reduce(
      (sum, [name, { length }]) => sum + (name === WEIGHTS ? 0 : length),
      0,
    );
    while ((done.at(-1) ?? 0) < small + 200_000) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort(new Error('cancelled'));
    await expect(fetching).rejects.toThrow('cancelled');
    expect((await readFile(join(root, 'blobs', `${etagOf(WEIGHTS, bytes)}.incomplete`))).length).toBe(200_000);
    expect(await readdir(join(root, '../.locks/models--google--owlvit-tiny'))).toEqual([]);
  });
});

describe('the token', () => {
  it('is sent to the endpoint and not after a redirect to another host', async () => {
    const hub = await HubServer.start({ cdn: 'other-host' });
    await (await machine(hub, { variables: { HF_TOKEN: 'hf_secret' } })).ensure();
    const withToken = hub.seen.filter(({ authorization }) => authorization !== undefined);
    expect(withToken.length).toBeGreaterThan(8);
    expect(
      withToken.every(({ authorization, host }) => authorization === 'Bearer hf_secret' && hub.url.endsWith(host)),
    ).toBe(true);
    expect(hub.seen.some(({ host }) => hub.cdn.endsWith(host))).toBe(true);
  });

  it('is not sent when another host redirects back to the endpoint', async () => {
    const hub = await HubServer.start({ cdn: 'other-host' });
    hub.trick = (_request, response, { host, path }) => {
      if (!hub.cdn.endsWith(host)) return false;
      response.writeHead(302, { location: `${hub.url}${path}` }).end();
      return true;
    };
    await (await machine(hub, { variables: { HF_TOKEN: 'hf_secret' } })).ensure();
    expect(hub.fetches(WEIGHTS).map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });
});

describe('a redirect', () => {
  it('to a renamed repository on the same host is followed with the token', async () => {
    const hub = await HubServer.start({
      trick: (_request, response, { path }) => {
        if (!path.includes('google/old-name')) return false;
        response.writeHead(307, { location: path.replace('old-name', 'owlvit-tiny') }).end();
        return true;
      },
    });
    const { ensure } = await machine(hub, { variables: { HF_TOKEN: 'hf_secret' } });
    expect((await ensure('google/old-name')).names).toHaveLength(8);
    expect(hub.seen.find(({ path }) => path.includes('/api/models/google/owlvit-tiny'))?.authorization).toBe(
      'Bearer hf_secret',
    );
  });

  it('fails in an endless chain and to a protocol other than HTTP', async () => {
    const to = async (location: string) => {
      const hub = await HubServer.start({
        trick: (_request, response) => {
          response.writeHead(302, { location }).end();
          return true;
        },
      });
      return (await machine(hub)).ensure();
    };
    await expect(to('/again')).rejects.toMatchObject({ message: expect.stringMatching(/redirects more than/) });
    await expect(to('file:///etc/passwd')).rejects.toMatchObject({
      message: expect.stringMatching(/not a safe address/),
    });
  });
});

describe('the proxy', () => {
  /** Starts a proxy that tunnels every CONNECT request and records its target. */
  async function proxy(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((client) => {
      client.on('error', () => {});
      client.once('data', (head) => {
        const target = /^CONNECT ([^ ]+)/.exec(head.toString())?.[1] ?? '';
        asked.push(target);
        const [host = '', port = ''] = target.split(':');
        const server = connect(Number(port), host, () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          client.pipe(server).pipe(client);
        });
        server.on('error', () => client.destroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  it('in HTTP_PROXY is used unless NO_PROXY names the host', async () => {
    const hub = await HubServer.start();
    const { url, asked } = await proxy();
    await (await machine(hub, { variables: { HTTP_PROXY: url } })).ensure();
    expect(new Set(asked)).toEqual(new Set([new URL(hub.url).host]));
    asked.length = 0;
    await (await machine(hub, { variables: { HTTP_PROXY: url, NO_PROXY: '127.0.0.1' } })).ensure();
    expect(asked).toEqual([]);
  });
});
