import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';
import { encodePack, type GalleryPack } from '../../../src/core/gallery/pack.js';
import { applyChanges, type Change, type Decision } from '../../../src/core/review/decision.js';
import type { SavedDecision } from '../../../src/core/review/overwritten.js';
import { RecentSteps } from '../../../src/run/review/recent-steps.js';

const HTML = `<!doctype html>
<html lang="en" data-mode="review">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Review</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page/gallery.css"><script type="module" src="/page/gallery.js"></script></head>
<body></body></html>`;

interface Saving {
  readonly image: number;
  readonly changes: readonly Change[];
  readonly step: string;
  readonly base: number;
}

const STATE = {
  title: 'made for a test',
  author: 'anna',
  readOnly: null,
  ask: { isReady: false, reason: 'There are no stored features.' },
};

/** Serves the page of review over a pack that was made up: for packs that no run of a test could give. */
export class PackServer implements AsyncDisposable {
  readonly url: string;
  readonly decisions = new Map<number, Decision>();
  /** Why no change is saved. */
  refusal: string | undefined;
  readonly #server: Server;
  readonly #pack: GalleryPack;
  readonly #listeners = new Set<ServerResponse>();
  readonly #steps = new RecentSteps();
  #revision = 0;

  private constructor(server: Server, pack: GalleryPack) {
    this.#server = server;
    this.#pack = pack;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#answer(request, response);
    });
  }

  static async open(pack: GalleryPack, port = 0): Promise<PackServer> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new PackServer(server, pack);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0]!;
    response.setHeader(
      'content-security-policy',
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'",
    );
    const send = (type: string, body: string | Uint8Array) => response.setHeader('content-type', type).end(body);
    const json = (value: unknown) => send('application/json', JSON.stringify(value));
    if (path === '/') return void send('text/html', HTML);
    if (path === '/page/gallery.js') return void send('text/javascript', built('js'));
    if (path === '/page/gallery.css') return void send('text/css', built('css'));
    if (path === '/api/state') return void json(STATE);
    if (path === '/api/pack') return void send('application/octet-stream', encodePack(this.#pack));
    if (path === '/api/events') {
      this.#listeners.add(response);
      response.on('close', () => this.#listeners.delete(response));
      response.setHeader('content-type', 'text/event-stream').flushHeaders();
      return;
    }
    if (path === '/api/replaced') return void json([]);
    if (path === '/api/decisions' && request.method === 'GET') return void json([...this.decisions.values()]);
    if (path === '/api/decisions' && this.refusal !== undefined) {
      response.statusCode = 422;
      return void json({ title: 'Refused', detail: this.refusal });
    }
    if (path === '/api/decisions') return void json(this.#save((await readJson(request)) as Saving));
    const [, id] = /^\/api\/images\/(\d+)/.exec(path) ?? [];
    if (id !== undefined) return void send('image/svg+xml', this.#draw(Number(id) - 1));
    response.writeHead(404).end();
  }

  #save({ image, changes, step, base }: Saving): SavedDecision {
    const before = this.decisions.get(image) ?? { state: 'open' as const, boxes: [] };
    const name = this.#pack.facts.images.names[image - 1]!;
    const facts = { image: name, sha256: '', revision: ++this.#revision, author: 'anna', at: '2026-01-01T00:00:00Z' };
    const decision: Decision = { ...facts, ...applyChanges(before, changes) };
    this.decisions.set(image, decision);
    const saved = this.#steps.add(decision, { id: step, base, changes });
    for (const one of this.#listeners) one.write(`event: decision\ndata: ${JSON.stringify(saved)}\n\n`);
    return saved;
  }

  #draw(image: number): string {
    const [width, height] = [this.#pack.facts.images.widths[image]!, this.#pack.facts.images.heights[image]!];
    const hue = (image * 47) % 360;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="hsl(${hue} 35% 55%)"/>
<circle cx="50%" cy="50%" r="25%" fill="hsl(${hue} 30% 35%)"/></svg>`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function built(ending: 'js' | 'css'): string {
  return readFileSync(new URL(`../../../dist/page/gallery.${ending}`, import.meta.url), 'utf8');
}
