import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Device, Optimizer } from '../../core/device.js';
import { messageOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { environmentFor } from '../child-process.js';

const PROBE_WORKER = fileURLToPath(new URL('./probe-worker.js', import.meta.url));
const KEPT_STDERR_CHARS = 300;

/** Loading CUDA for the first time after a driver's update compiles its kernels, which takes long. */
const TIMEOUT_MS = 60_000;

/** What a child process is asked, and what it finds out. */
interface Facts {
  readonly device: { readonly openMs: number; readonly runMs: number };
  readonly runtime: { readonly version: string; readonly providers: readonly { name: string; bundled: boolean }[] };
  readonly images: { readonly sharp: string; readonly vips: string };
}

export type ProbeRequest =
  | { readonly about: 'device'; readonly device: Device; readonly optimizer: Optimizer }
  | { readonly about: 'runtime' }
  | { readonly about: 'images' };

export type FromProbe<About extends keyof Facts = keyof Facts> =
  { readonly ok: true; readonly facts: Facts[About] } | { readonly ok: false; readonly reason: string };

/** Starts a session on a device, in a process of its own. A crash or a hang is an answer. */
export function probeDevice(device: Device, optimizer: Optimizer = 'onnxrt'): Promise<FromProbe<'device'>> {
  return probe({ about: 'device', device, optimizer }) as Promise<FromProbe<'device'>>;
}

/** Loads ONNX Runtime or the image libraries, in a process of its own. */
export function probeLibrary<About extends 'runtime' | 'images'>(about: About): Promise<FromProbe<About>> {
  return probe({ about }) as Promise<FromProbe<About>>;
}

async function probe(request: ProbeRequest): Promise<FromProbe> {
  try {
    return await ask(request);
  } catch (error) {
    return { ok: false, reason: messageOf(error) }; // not even a process could be started
  }
}

async function ask(request: ProbeRequest): Promise<FromProbe> {
  const device: Device = request.about === 'device' ? request.device : { provider: 'cpu' };
  const child = fork(PROBE_WORKER, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentFor(device),
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  (child.stderr as Readable).setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR_CHARS);
  });
  let answer: FromProbe | undefined;
  child.on('message', (message: FromProbe) => (answer = message));
  child.send(request, () => {}); // a child that is gone is seen by its end
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (answer !== undefined) return answer;
  if (child.killed) return { ok: false, reason: `it did not start within ${TIMEOUT_MS / 1000} s` };
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
  const said = printable(stderr.trim().replaceAll(/\s+/g, ' '));
  return { ok: false, reason: `the process that tried it died (${how})${said === '' ? '' : `: ${said}`}` };
}
