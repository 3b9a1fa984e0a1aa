import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuFlags } from '../disk/machine/cpu.js';
import { homeFolder } from '../disk/machine/home-folder.js';
import { findLibrary, loaderPaths } from '../disk/libraries/loader.js';
import { listNvidiaDevices } from '../workers/devices/cuda.js';
import { countAllowedCores, readMemoryLimit } from '../workers/devices/placement.js';

/** The computer, and the part of it that this process may use. */
export interface Machine {
  readonly platform: string;
  readonly cpu: string;
  readonly features: readonly string[]; // that affect the speed of the model
  readonly cores: { readonly all: number; readonly allowed: number };
  readonly memoryBytes: { readonly all: number; readonly allowed: number };
  readonly openFiles: number | undefined; // that one process may have open
}

/** The features that ONNX Runtime's kernels check for; int8 is worthwhile with one of the last three. */
const FEATURES = ['avx2', 'avx512f', 'avx512_bf16', 'asimddp', 'i8mm', 'bf16', 'avx_vnni', 'avx512_vnni', 'amx_int8'];

export function describeMachine(): Machine {
  const all = cpus();
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: all[0]?.model.trim() ?? 'unknown',
    features: cpuFeatures(),
    cores: { all: all.length, allowed: countAllowedCores() },
    memoryBytes: { all: totalmem(), allowed: readMemoryLimit() },
    openFiles: openFileLimit(),
  };
}

function cpuFeatures(): string[] {
  const flags = cpuFlags();
  return FEATURES.filter((feature) => flags?.has(feature));
}

function openFileLimit(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(readIfPresent('/proc/self/limits'))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** '' where the system has no such file. */
function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** GPUs and their drivers, as the system reports them. */
export interface Gpus {
  readonly nvidia: readonly string[]; // lines of nvidia-smi, one per GPU
  readonly files: readonly string[]; // /dev/nvidia0, /dev/dri/renderD128
  readonly vulkan: { readonly loader: string | undefined; readonly drivers: readonly string[] };
}

const SMI_TIMEOUT_MS = 10_000;

export async function describeGpus(): Promise<Gpus> {
  const render = listFiles('/dev/dri').filter((path) => path.includes('renderD'));
  return {
    nvidia: listNvidiaDevices().length === 0 ? [] : await queryNvidiaSmi(),
    files: [...listNvidiaDevices(), ...render],
    vulkan: { loader: findLibrary('libvulkan.so.1', loaderPaths(process.env)), drivers: findVulkanDrivers() },
  };
}

/** Name, UUID, memory and driver of each GPU. */
async function queryNvidiaSmi(): Promise<string[]> {
  const fields = ['index', 'name', 'uuid', 'memory.total', 'driver_version'].join();
  try {
    const query = [`--query-gpu=${fields}`, '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: SMI_TIMEOUT_MS });
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch {
    return []; // not installed, or hanging because of a broken driver
  }
}

/** Driver manifests in the folders that the Vulkan loader searches. @see "Driver Discovery" of the Vulkan loader */
function findVulkanDrivers(): string[] {
  const configured = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (configured !== undefined) return configured.split(':').filter(Boolean);
  const shared = process.env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share';
  const folders = ['/etc/xdg', '/etc', join(homeFolder(), '.local/share'), ...shared.split(':').filter(Boolean)];
  return folders.flatMap((folder) => listFiles(join(folder, 'vulkan/icd.d'))).filter((path) => path.endsWith('.json'));
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // it does not exist
  }
}
