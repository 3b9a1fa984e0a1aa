import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LivePreviews } from '../../../src/workers/previews/live-previews.js';

/** Updates that take as long as a test wants, on a clock that it turns. */
class Updates {
  now = 0;
  started = 0;
  #end = { resolve: () => {}, reject: (_: Error) => {} };
  signal: AbortSignal | undefined;

  readonly update = async (signal: AbortSignal) => {
    this.started++;
    this.signal = signal;
    await new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject };
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  };

  async end(tookMs: number, error?: Error): Promise<void> {
    this.now += tookMs;
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
    await setImmediate();
  }
}

function start() {
  const updates = new Updates();
  return {
    updates,
    live: new LivePreviews(
      updates.update,
      (name) => name !== 'z.jpg',
      () => updates.now,
    ),
  };
}

describe('previews of a run that is annotating', () => {
  it('are updated after the first image, and one update at a time', () => {
    const { updates, live } = start();
    live.imageAnnotated('a.jpg');
    live.imageAnnotated('a.jpg');
    expect(updates.started).toBe(1);
  });

  it('are updated again five seconds after the last update, or after four times as long as that took', async () => {
    const { updates, live } = start();
    const startedAfter = (ms: number) => {
      updates.now += ms;
      live.imageAnnotated('a.jpg');
      return updates.started;
    };
    live.imageAnnotated('a.jpg');
    await updates.end(100);
    expect(startedAfter(4_999)).toBe(1);
    expect(startedAfter(1)).toBe(2);
    await updates.end(10_000);
    expect(startedAfter(39_999)).toBe(2);
    expect(startedAfter(1)).toBe(3);
  });

  it('are updated again after an update that failed', async () => {
    const { updates, live } = start();
    live.imageAnnotated('a.jpg');
    await updates.end(0, new Error('the disk is full'));
    updates.now += 5_000;
    live.imageAnnotated('a.jpg');
    expect(updates.started).toBe(2);
  });

  it('are not updated for images that have none, nor when nothing was annotated since the last update', async () => {
    const { updates, live } = start();
    live.imageAnnotated('z.jpg');
    expect(updates.started).toBe(0);
    live.imageAnnotated('a.jpg');
    await updates.end(0);
    updates.now += 5_000;
    live.imageAnnotated('z.jpg');
    expect(updates.started).toBe(1);
  });

  it('are updated once more for an image that was annotated during an update', async () => {
    const { updates, live } = start();
    live.imageAnnotated('a.jpg');
    live.imageAnnotated('b.jpg');
    await updates.end(0);
    updates.now += 5_000;
    live.imageAnnotated('z.jpg');
    expect(updates.started).toBe(2);
  });

  it('stop with an update in progress when the run has annotated everything', async () => {
    const { updates, live } = start();
    live.imageAnnotated('a.jpg');
    await live[Symbol.asyncDispose]();
    expect(updates.signal!.aborted).toBe(true);
    updates.now += 60_000;
    live.imageAnnotated('a.jpg');
    expect(updates.started).toBe(1);
  });
});
