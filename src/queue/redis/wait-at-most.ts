import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for work that ends something, but no longer than this: what is open is closed however it went. */
export async function waitAtMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const timeout = sleep(limitMs, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([work.catch(() => {}), timeout]);
  timer.abort();
}
