import type { Queue, QueueEvents } from 'bullmq';
import { PREFIX } from '../keys.js';
import type { Chunk } from '../protocol.js';
import { BLOCK_SEC, optionsUntil, type Connection } from '../redis/connection.js';
import { loadBullmq } from '../redis/library.js';
import { waitAtMost } from '../redis/wait-at-most.js';
import { RedisWatch } from '../redis/watch.js';

/** Events carry results: about 400 chunks of them. What is trimmed before it was read is found by a sweep. */
const MAX_EVENTS = 2000;

/** For connections to say goodbye; and then, for them to close. */
const CLOSE_MS = 1000;

/** The connections of a producer. Whether the Redis answers or not, they are closed within seconds. */
export class RunConnections implements AsyncDisposable {
  readonly connection: Connection;
  readonly watch: RedisWatch;
  readonly #library: Library;
  readonly #ended = new AbortController();
  readonly #options: Connection['options'];
  readonly #opened: Pick<Queue, 'close' | 'disconnect'>[] = [];
  #closing: Promise<void> | undefined;

  private constructor(connection: Connection, note: (message: string) => void, library: Library) {
    this.connection = connection;
    this.watch = new RedisWatch(connection, note);
    this.#library = library;
    this.#options = optionsUntil(this.#ended.signal, connection);
  }

  /** @param connection - Closed with the others. */
  static async over(connection: Connection, note: (message: string) => void): Promise<RunConnections> {
    return new RunConnections(connection, note, await loadBullmq());
  }

  openQueue(name: string): Queue<Chunk, unknown> {
    const streams = { events: { maxLen: MAX_EVENTS } };
    const queue = new this.#library.Queue<Chunk, unknown>(name, { ...this.#shared, streams });
    queue.on('error', () => {}); // RedisWatch reports it
    this.#opened.push(queue);
    return queue;
  }

  /** They come once {@link consume} is called. */
  openEvents(name: string): QueueEvents {
    const blockingTimeout = BLOCK_SEC * 1000;
    const events = new this.#library.QueueEvents(name, { ...this.#shared, blockingTimeout, autorun: false });
    events.on('error', () => {});
    this.#opened.push(events);
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ended.abort();
    this.watch[Symbol.dispose]();
    await waitAtMost(CLOSE_MS, Promise.allSettled(this.#opened.map((each) => each.close())));
    await waitAtMost(CLOSE_MS, Promise.allSettled(this.#opened.map((each) => each.disconnect())));
    this.connection.redis.disconnect();
  }

  /** The server was checked once, and BullMQ would print what it thinks of it at each connection. */
  get #shared() {
    return { connection: this.#options, prefix: PREFIX, skipVersionCheck: true } as const;
  }
}

/** Reads events until their connection is closed. One that is no JSON ends the reading, which then begins again. */
export function consume(events: QueueEvents): void {
  if (events.closing !== undefined) return;
  events.run().catch(() => setTimeout(() => consume(events), 1000).unref());
}

type Library = Awaited<ReturnType<typeof loadBullmq>>;
