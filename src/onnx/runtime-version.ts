import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of ONNX Runtime, without loading it. */
export function readRuntimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}
