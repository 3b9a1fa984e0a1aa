import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { PreannotateError } from '../core/errors.js';
import { readCudaState, describeMissing, type CudaState } from '../workers/devices/cuda.js';

/**
 * Fetches ONNX Runtime's CUDA and TensorRT libraries with its own install script, from NuGet.
 *
 * @param onOutput - What the script says.
 * @returns What is there afterwards.
 * @throws PreannotateError DEVICE_UNAVAILABLE when there are none for this system, or they cannot be had.
 */
export async function setUpCuda(onOutput: (text: string) => void): Promise<CudaState> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PreannotateError({
      code: 'DEVICE_UNAVAILABLE',
      message: `ONNX Runtime offers CUDA libraries for Node on Linux x64 only, not on ${process.platform} ${process.arch}.`,
      hint: 'Use --device cpu, webgpu, or dml on Windows.',
    });
  }
  const script = createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js');
  const child = spawn(process.execPath, [script], { env: installEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      onOutput(text);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  const state = readCudaState(process.env);
  if (code !== 0 || !state.providers.cuda) throw new PreannotateError(failed(said, state.folder));
  return state;
}

/** What was found, after a set-up that worked. */
export function describeSetup({ folder, providers, missing, driverLibrary }: CudaState): string {
  const lines = [
    `CUDA libraries of ONNX Runtime are in ${folder}${providers.tensorrt ? ", and TensorRT's" : ''}.`,
    missing.cuda.length === 0 ? 'All that CUDA needs is here.' : `CUDA still needs ${describeMissing(missing.cuda)}.`,
    missing.tensorrt.length === 0 ? '' : `--optimizer tensorrt still needs ${describeMissing(missing.tensorrt)}.`,
    driverLibrary === undefined ? 'There is no NVIDIA driver here (libcuda.so.1).' : '',
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/**
 * The script reads only these variables: "true" fetches in any case ("cuda12" is read and forgotten in 1.30, and inside a
 * project of npm nothing is fetched then), and of proxies only GLOBAL_AGENT_*.
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

function failed(said: string, folder: string) {
  const reason = /^\s*(?:\w*Error:.*|.*\b(?:ENOTFOUND|ECONNREFUSED|EACCES|EROFS|ETIMEDOUT)\b.*)$/m
    .exec(said)?.[0]
    .trim();
  return {
    code: 'DEVICE_UNAVAILABLE',
    message: `ONNX Runtime's CUDA libraries could not be installed${reason === undefined ? '' : `: ${reason}`}.`,
    hint:
      `They come from api.nuget.org (HTTPS_PROXY is obeyed), and ${folder} must be writable. ` +
      'Without network, copy libonnxruntime_providers_*.so of the package Microsoft.ML.OnnxRuntime.Gpu.Linux there.',
  } as const;
}
