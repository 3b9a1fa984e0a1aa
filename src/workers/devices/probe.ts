import type { Device, Optimizer } from '../../core/device.js';
import { messageOf } from '../../core/errors.js';
import { Child, type Exit } from '../child-process.js';
import { makeDeviceEnvironment } from './cuda-visible.js';

const PROBE_WORKER = new URL('./probe-worker.js', import.meta.url);

/** The first time that CUDA is loaded after an update of the driver, its kernels are compiled, which takes long. */
const TIMEOUT_MS = 60_000;

/** What a probe finds out, by what it is about. */
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
  | { readonly ok: true; readonly facts: Facts[About] }
  | { readonly ok: false; readonly reason: string; readonly detail?: string }; // detail: what a library reported

/** Starts a session on a device, in a process of its own. A crash or a hang is a result, too. */
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
    return { ok: false, reason: messageOf(error) }; // no process could be started
  }
}

async function ask(request: ProbeRequest): Promise<FromProbe> {
  const environment = request.about === 'device' ? makeDeviceEnvironment(request.device) : {};
  await using child = new Child<ProbeRequest, FromProbe>(PROBE_WORKER, environment);
  const answered = new Promise<FromProbe>((resolve) => child.onAnswer(resolve));
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<FromProbe>((resolve) => {
    const reason = `it did not start within ${TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => resolve({ ok: false, reason }), TIMEOUT_MS);
  });
  child.send(request);
  try {
    return await Promise.race([answered, timeout, child.exited.then(describeDeath)]);
  } finally {
    clearTimeout(timer);
  }
}

function describeDeath({ how, stderr }: Exit): FromProbe {
  return { ok: false, reason: `the process that tried it died (${how})`, ...(stderr === '' ? {} : { detail: stderr }) };
}
