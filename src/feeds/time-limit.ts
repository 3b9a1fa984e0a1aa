import { PreannotateError } from '../core/errors.js';

/** What a run reports that this has stopped. */
export const STOPPED_IN_TIME = 'Stopped by --max-runtime: the same command continues with the rest.';

const LONGEST_WAIT_MS = 2 ** 30; // timers take 31 bits

/** Aborts when the time of a run is over, with the error that ends it where there is nothing to write. */
export function startTimeLimit(maxRuntimeMs: number | undefined): AbortSignal {
  const controller = new AbortController();
  if (maxRuntimeMs === undefined) return controller.signal;
  const end = performance.now() + maxRuntimeMs;
  const wait = () => {
    const leftMs = end - performance.now();
    if (leftMs <= 0) controller.abort(timeOverError());
    else setTimeout(wait, Math.min(leftMs, LONGEST_WAIT_MS)).unref(); // a finished run does not wait for it
  };
  wait();
  return controller.signal;
}

function timeOverError(): PreannotateError {
  return new PreannotateError({
    code: 'TIME_LIMIT',
    message: 'The time of --max-runtime is over.',
    hint: 'The same command continues. It needs more time where the model must be fetched and opened first.',
  });
}
