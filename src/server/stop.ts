/** Why a server stops, and with which exit code. */
export interface Stop {
  readonly why: string;
  readonly exitCode: number;
}

let stop: AbortController | undefined;

/**
 * The controller that the first SIGTERM or SIGINT aborts, with a {@link Stop} as the reason. The second signal ends the
 * process at once. Called before the program loads: the first process of a container gets no signal that it does not
 * listen for.
 */
export function stopOnSignals(): AbortController {
  stop ??= abortOnSignals();
  return stop;
}

function abortOnSignals(): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) exitNow(name === 'SIGINT' ? 130 : 143, [...LOOKUPS, ...FILE_ACCESS]);
      controller.abort({ why: name, exitCode: 0 } satisfies Stop);
    });
  }
  return controller;
}

/** Work of libuv's threads, as Node calls it, that may take long: a name server or a disk may be silent. */
const LOOKUPS = ['GetAddrInfoReqWrap'];
const FILE_ACCESS = ['FSReqCallback', 'FSReqPromise'];

/**
 * Ends this process, and with it its workers. `process.exit` waits for libuv's threads, so a process that was told to
 * stop while one of them does such work ends by SIGTERM.
 */
export function exitNow(code: number, endless: readonly string[] = LOOKUPS): never {
  for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name); // from here on a signal ends it at once
  const isWaiting = process.getActiveResourcesInfo().some((name) => endless.includes(name));
  if (isWaiting && stop?.signal.aborted === true) process.kill(process.pid, 'SIGTERM');
  process.exit(code);
}
