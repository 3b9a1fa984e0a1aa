import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { PreannotateError } from '../core/errors.js';
import { readCudaState, describeMissing, type CudaState } from '../workers/devices/cuda.js';

/**
 * Fetches ONNX Runtime's CUDA and TensorRT libraries with its own install script, from NuGet.
 *
 * @param onOutput - Receives what the script reports as it proceeds.
 * @returns The state after the installation.
 * @throws PreannotateError DEVICE_UNAVAILABLE when there are none for this system, or they cannot be downloaded.
 */
export async function setUpCuda(onOutput: (text: string) => void): Promise<CudaState> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PreannotateError({
      code: 'DEVICE_UNAVAILABLE',
      message: `ONNX Runtime has CUDA libraries for Node on Linux x64 only, not ${process.platform} ${process.arch}.`,
      hint: 'Use --device cpu, webgpu, or dml on Windows.',
    });
  }
  const script = createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js');
  const child = spawn(process.execPath, [script], { env: installEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', onOutput);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text)); // on failure, an uncaught exception
  const [code] = (await once(child, 'close')) as [number | null];
  const state = readCudaState(process.env);
  if (code !== 0 || !state.providers.cuda) throw installError(output, state.folder);
  return state;
}

/** The state after a successful installation, for people. */
export function describeSetup({ folder, providers, missing, driverLibrary }: CudaState): string {
  const lines = [
    `CUDA libraries of ONNX Runtime are in ${folder}${providers.tensorrt ? ", and TensorRT's" : ''}.`,
    missing.cuda.length === 0
      ? 'All libraries that CUDA needs are installed.'
      : `CUDA still needs ${describeMissing(missing.cuda)}.`,
    missing.tensorrt.length === 0 ? '' : `--optimizer tensorrt still needs ${describeMissing(missing.tensorrt)}.`,
    driverLibrary === undefined ? 'There is no NVIDIA driver here (libcuda.so.1).' : '',
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/**
 * The script reads only these variables: "true" always downloads (1.30 reads "cuda12" but ignores it, and then
 * downloads nothing inside an npm project), and it takes proxies from GLOBAL_AGENT_* only.
 */
function installEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'true' };
  const proxy = (name: string) => environment[name] ?? environment[name.toLowerCase()];
  const known = {
    GLOBAL_AGENT_HTTP_PROXY: proxy('HTTP_PROXY'),
    GLOBAL_AGENT_HTTPS_PROXY: proxy('HTTPS_PROXY'),
    GLOBAL_AGENT_NO_PROXY: proxy('NO_PROXY'),
  };
  const set = Object.entries(known).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(set), ...environment };
}

function installError(output: string, folder: string): PreannotateError {
  const reason = /^\s*(?:\w*Error:.*|.*\b(?:ENOTFOUND|ECONNREFUSED|EACCES|EROFS|ETIMEDOUT)\b.*)$/m
    .exec(output)?.[0]
    .trim();
  return new PreannotateError({
    code: 'DEVICE_UNAVAILABLE',
    message: `ONNX Runtime's CUDA libraries could not be installed${reason === undefined ? '' : `: ${reason}`}.`,
    hint:
      `They come from api.nuget.org (HTTPS_PROXY is respected), and ${folder} must be writable. ` +
      'Without a network, copy libonnxruntime_providers_*.so of the package Microsoft.ML.OnnxRuntime.Gpu.Linux there.',
    detail: output.trim(),
  });
}
