const MATTERS =
  /^(?:PREANNOTATE_|HF_|HUGGINGFACE_|CUDA_|NVIDIA_|ORT_|ONNXRUNTIME_|VK_|XDG_CACHE_HOME$|LD_LIBRARY_PATH$|NODE_OPTIONS$|UV_THREADPOOL_SIZE$|OMP_NUM_THREADS$|SERVER_(?:NAME|PORT)$|(?:HTTPS?|ALL|NO)_PROXY$)/i;
const SECRET = /TOKEN|KEY|SECRET|PASSW|CREDENTIAL|AUTH/i;
const NO_SECRET = /_PATH$|_FILE$/i; // where a secret lies is none

/** The environment variables that change what the tool does; secrets are hidden. */
export function describeVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const found = Object.entries(environment).filter(([name]) => MATTERS.test(name));
  return Object.fromEntries(found.sort().map(([name, value = '']) => [name, shown(name, value)]));
}

function shown(name: string, value: string): string {
  if (SECRET.test(name) && !NO_SECRET.test(name) && value !== '') return '(set, hidden)';
  return value.replaceAll(/\/\/[^/\s@]*@/g, '//(hidden)@'); // user and password of a proxy
}
