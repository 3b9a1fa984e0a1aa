import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FIXTURES } from '../model/golden.js';

export const REPO = 'google/owlvit-tiny';
export const COMMIT = 'c0ffee0123456789abcdef0123456789abcdef01';
const LARGE = /\.(safetensors|bin|onnx|onnx_data)$/; // kept in large file storage

/** A request that was seen. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly host: string;
}

/** Answers instead of the server; true when it did. */
export type Trick = (request: IncomingMessage, response: ServerResponse, seen: Seen) => boolean | Promise<boolean>;

export interface HubOptions {
  readonly files?: Readonly<Record<string, Buffer>>; // default: fixtures/models/owlvit-tiny
  readonly cdn?: 'relative' | 'absolute' | 'other-host'; // where large files are redirected to
  readonly listed?: readonly string[]; // more names that the list of files claims
  readonly trick?: Trick;
}

/** A repository served as the Hugging Face Hub does, on this machine. */
export class HubServer {
  readonly seen: Seen[] = [];
  commit = COMMIT;
  trick: Trick | undefined;
  files: Record<string, Buffer>;
  readonly #options: HubOptions;
  readonly #server: Server;
  readonly #elsewhere: Server;

  private constructor(options: HubOptions) {
    this.#options = options;
    this.trick = options.trick;
    this.files = { ...(options.files ?? tinyModel()) };
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#elsewhere = createServer((request, response) => void this.#answer(request, response));
  }

  /** A server that goes when the test that asked for it ends. */
  static async start(options: HubOptions = {}): Promise<HubServer> {
    const hub = new HubServer(options);
    for (const server of [hub.#server, hub.#elsewhere]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
    }
    return hub;
  }

  get url(): string {
    return urlOf(this.#server);
  }

  /** The other host that large files may be on. */
  get cdn(): string {
    return urlOf(this.#elsewhere).replace('127.0.0.1', 'localhost'); // another host by name, too
  }

  /** Whole or partial fetches of files: not questions about them. */
  fetches(name: string): Seen[] {
    return this.seen.filter(({ method, path }) => method === 'GET' && path.startsWith('/cdn/') && path.endsWith(name));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://hub');
    const { range, authorization, host = '' } = request.headers;
    const seen = { method: request.method ?? '', path: pathname, range, authorization, host };
    this.seen.push(seen);
    if ((await this.trick?.(request, response, seen)) === true) return;
    const cdn = /^\/cdn\/(.+)$/.exec(pathname);
    const resolve = new RegExp(`^/${REPO}/resolve/([^/]+)/(.+)$`).exec(pathname);
    const api = new RegExp(`^/api/models/${REPO}/revision/(.+)$`).exec(pathname);
    if (cdn) this.#send(decodeURIComponent(cdn[1]!), request, response);
    else if (resolve) this.#resolve(decodeURIComponent(resolve[2]!), request, response);
    else if (api) this.#list(decodeURIComponent(api[1]!), response);
    else refuse(response, 401, 'RepoNotFound');
  }

  #list(revision: string, response: ServerResponse): void {
    if (!['main', 'v1', 'refs/pr/1', this.commit].includes(revision)) {
      refuse(response, 404, 'RevisionNotFound');
      return;
    }
    const names = [...Object.keys(this.files), ...(this.#options.listed ?? [])];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ sha: this.commit, siblings: names.map((rfilename) => ({ rfilename })) }));
  }

  #resolve(name: string, request: IncomingMessage, response: ServerResponse): void {
    const bytes = this.files[name];
    response.setHeader('x-repo-commit', this.commit);
    if (bytes === undefined) {
      refuse(response, 404, 'EntryNotFound');
      return;
    }
    const isLarge = LARGE.test(name);
    response.setHeader('etag', `"${etagOf(name, bytes)}"`);
    if (isLarge) {
      response.setHeader('x-linked-etag', `"${etagOf(name, bytes)}"`);
      response.setHeader('x-linked-size', bytes.length);
      const { cdn = 'relative' } = this.#options;
      const base = cdn === 'relative' ? '' : cdn === 'absolute' ? this.url : this.cdn;
      response.writeHead(302, { location: `${base}/cdn/${encodeURIComponent(name)}?signature=x` }).end();
    } else this.#send(name, request, response);
  }

  #send(name: string, request: IncomingMessage, response: ServerResponse): void {
    const bytes = this.files[name]!;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.setHeader('accept-ranges', 'bytes');
    if (from > 0) {
      response.statusCode = from < bytes.length ? 206 : 416;
      response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    }
    const part = bytes.subarray(from);
    response.setHeader('content-length', part.length);
    response.end(request.method === 'HEAD' ? undefined : part);
  }
}

/** The shipped model of random weights, as files by name. */
export function tinyModel(): Record<string, Buffer> {
  const folder = join(FIXTURES, 'models/owlvit-tiny');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** SHA-256 of large files, git's hash of the others. */
export function etagOf(name: string, bytes: Buffer): string {
  if (LARGE.test(name)) return createHash('sha256').update(bytes).digest('hex');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code, 'x-error-message': `${code} it is` }).end();
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
