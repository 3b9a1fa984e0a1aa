import { setTimeout as sleep } from 'node:timers/promises';
import { oddRequest, type OddRequest } from './odd-requests.js';
import { closing, connection, times } from './requests.js';
import { samples } from './sample-requests.js';

const AT_ONCE = 24;
const TIMEOUT_MS = 20_000; // far beyond the server's own

/** What became of many odd requests. */
export interface Outcome {
  readonly counts: ReadonlyMap<string, number>; // by status; 'none' where the client left, or was only cut off
  readonly faults: readonly string[]; // answers that are the server's fault, and requests without any
}

/**
 * Sends odd requests from several clients at once. 502 is left out: a server that fetches nothing has no cause for
 * it.
 */
export async function askOddly(url: string, seeds: Iterator<number>): Promise<Outcome> {
  const all = await samples();
  const counts = new Map<string, number>();
  const faults: string[] = [];
  const client = async () => {
    for (let next = seeds.next(); next.done !== true; next = seeds.next()) {
      const { status, code, isSilent } = await send(url, oddRequest(next.value, all));
      const name = String(status ?? 'none');
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (isSilent) faults.push(`seed ${next.value}: no answer`);
      if (status !== undefined && status >= 500 && !EXCUSED.has(status)) {
        faults.push(`seed ${next.value}: ${status} ${code}`);
      }
    }
  };
  await Promise.all(times(AT_ONCE, client));
  return { counts, faults };
}

/** Too much to do, and no time: a request may say that it waits for a millisecond. */
const EXCUSED: ReadonlySet<number> = new Set([503, 504]);

interface Answer {
  readonly status: number | undefined;
  readonly code: string | undefined; // of a problem
  readonly isSilent: boolean; // neither an answer nor an end within the time
}

/** Sends a request and waits for what comes of it. */
async function send(url: string, { pieces, ending }: OddRequest): Promise<Answer> {
  const socket = connection(url);
  const closed = closing(socket).then(() => true);
  let answer = '';
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ending === 'end') socket.end();
  if (ending === 'reset') socket.resetAndDestroy();
  const done = new AbortController();
  const late = sleep(TIMEOUT_MS, false, { signal: done.signal }).catch(() => false);
  const isClosed = await Promise.race([closed, late]);
  done.abort();
  socket.destroy();
  const [, status] = /^HTTP\/1\.1 ([2-9]\d\d)/m.exec(answer) ?? []; // behind 100 Continue, where it was asked for
  return {
    status: status === undefined ? undefined : Number(status),
    code: /"code":"(\w+)"/.exec(answer)?.[1],
    isSilent: !isClosed && status === undefined,
  };
}
