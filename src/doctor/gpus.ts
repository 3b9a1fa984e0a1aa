import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findLibrary, loaderPaths } from '../disk/loader.js';
import { listNvidiaDevices } from '../workers/devices/cuda.js';

/** Graphics processors and their drivers, as the system shows them. */
export interface Gpus {
  readonly nvidia: readonly string[]; // a line each, of nvidia-smi
  readonly files: readonly string[]; // /dev/nvidia0, /dev/dri/renderD128
  readonly vulkan: { readonly loader: string | undefined; readonly drivers: readonly string[] };
}

const SMI_TIMEOUT_MS = 10_000;

export async function describeGpus(): Promise<Gpus> {
  const render = filesIn('/dev/dri').filter((path) => path.includes('renderD'));
  return {
    nvidia: listNvidiaDevices().length === 0 ? [] : await askNvidia(),
    files: [...listNvidiaDevices(), ...render],
    vulkan: { loader: findLibrary('libvulkan.so.1', loaderPaths(process.env)), drivers: vulkanDrivers() },
  };
}

/** Name, UUID, memory and driver of each GPU. */
async function askNvidia(): Promise<string[]> {
  const fields = ['index', 'name', 'uuid', 'memory.total', 'driver_version'].join();
  try {
    const query = [`--query-gpu=${fields}`, '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: SMI_TIMEOUT_MS });
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch {
    return []; // not installed, or it hangs with a broken driver
  }
}

/** Driver manifests where the Vulkan loader looks. @see "Driver Discovery" of the Vulkan loader */
function vulkanDrivers(): string[] {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (named !== undefined) return named.split(':').filter(Boolean);
  const shared = process.env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share';
  const folders = ['/etc/xdg', '/etc', join(homedir(), '.local/share'), ...shared.split(':').filter(Boolean)];
  return folders.flatMap((folder) => filesIn(join(folder, 'vulkan/icd.d'))).filter((path) => path.endsWith('.json'));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // there is none
  }
}
