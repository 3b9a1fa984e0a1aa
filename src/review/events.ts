import type { ServerResponse } from 'node:http';
import type { ReviewEvents } from './review-context.js';

/** Less than the time after which proxies close a silent connection. */
const HEARTBEAT_MS = 15_000;

/** A page that does not read is cut off: it connects again, and loads everything anew. */
const MAX_UNREAD_BYTES = 1 << 20;

/** Server-sent events for all open pages. */
export class EventStreams implements Disposable {
  readonly #streams = new Set<ServerResponse>();
  readonly #heartbeat = setInterval(() => this.#send(':\n\n'), HEARTBEAT_MS).unref();

  /** Answers a request with events, until either side ends it. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 1000\n\n');
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  publish<Name extends keyof ReviewEvents>(name: Name, data: ReviewEvents[Name]): void {
    this.#send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams) stream.end();
  }

  #send(text: string): void {
    for (const stream of this.#streams) {
      if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
      else stream.write(text);
    }
  }
}
