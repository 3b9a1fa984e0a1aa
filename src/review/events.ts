import type { ServerResponse } from 'node:http';
import type { SavedDecision } from '../core/review/overwritten.js';
import type { ReviewEvents } from './review-context.js';

/** Less than the time after which proxies close a silent connection. */
const HEARTBEAT_MS = 15_000;

/** A page that does not read is cut off: it connects again, and loads everything anew. */
const MAX_UNREAD_BYTES = 1 << 20;

/** Server-sent events for all open pages. */
export class EventStreams implements Disposable {
  readonly #streams = new Map<ServerResponse, number>(); // with the bytes that each may have unread
  readonly #heartbeat = setInterval(() => this.#send(':\n\n'), HEARTBEAT_MS).unref();

  /**
   * Answers a request with events, until either side ends it.
   *
   * @param missed - What the page does not know yet; undefined: that is not known any more.
   */
  add(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    missed: readonly SavedDecision[] | undefined,
  ): void {
    if (response.destroyed) return;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 1000\n\n');
    if (missed === undefined) response.write(toText('decisions', {}));
    else for (const decision of missed) response.write(toText('decision', decision));
    this.#streams.set(response, response.writableLength + MAX_UNREAD_BYTES);
    response.once('close', () => this.#streams.delete(response));
  }

  publish<Name extends keyof ReviewEvents>(name: Name, data: ReviewEvents[Name]): void {
    this.#send(toText(name, data));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams.keys()) stream.end();
  }

  #send(text: string): void {
    for (const [stream, most] of this.#streams) {
      if (stream.writableLength > most) stream.destroy();
      else stream.write(text);
    }
  }
}

/** A decision has its revision as id, which browsers send when they connect again. */
function toText<Name extends keyof ReviewEvents>(name: Name, data: ReviewEvents[Name]): string {
  const id = 'revision' in data ? `id: ${data.revision}\n` : '';
  return `event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
