import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { SCENES } from '../cli.js';
import { startWebServer } from './web-server.js';

/** Answers a request by itself, and says so; else the scene is sent. */
export type Fault = (request: IncomingMessage, response: ServerResponse, attempt: number) => boolean | Promise<boolean>;

/** An HTTP server with the scenes of the fixtures, which counts the requests for each path. */
export async function startImageServer(faults: Readonly<Record<string, Fault>> = {}) {
  const requests = new Map<string, number>();
  const seen: IncomingMessage[] = [];
  const current = { faults };
  const web = await startWebServer((request, response) => {
    const path = new URL(request.url!, 'http://host').pathname;
    const attempt = (requests.get(path) ?? 0) + 1;
    requests.set(path, attempt);
    seen.push(request);
    void answer(request, response, { path, attempt, fault: current.faults[path] });
  });
  return {
    origin: `http://127.0.0.1:${web.port}`,
    host: `127.0.0.1:${web.port}`,
    requests,
    seen,
    set faults(changed: Readonly<Record<string, Fault>>) {
      current.faults = changed;
    },
    [Symbol.dispose]: () => web[Symbol.dispose](),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { path, attempt, fault }: { path: string; attempt: number; fault: Fault | undefined },
): Promise<void> {
  if (await fault?.(request, response, attempt)) return;
  const bytes = await readFile(join(SCENES, path.split('/').at(-1)!)).catch(() => undefined);
  if (bytes === undefined) response.writeHead(404).end('There is no such file.');
  else sendImage(response, bytes);
}

/** Sends bytes with their length and an ETag of their content. */
export function sendImage(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, {
    'content-type': 'image/jpeg',
    'content-length': bytes.length,
    etag: etagOf(bytes),
    'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
  });
  response.end(bytes);
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
