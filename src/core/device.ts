/** Where a worker computes. */
export interface Device {
  readonly provider: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml';
  readonly index?: number; // of several devices of one kind
}

/** How ONNX Runtime makes the graph faster. */
export type Optimizer = 'onnxrt' | 'none' | 'shared-weights' | 'tensorrt' | 'cudagraphs';

/** Only CUDA and DirectML can tell several devices apart. */
const PATTERN = /^(?:(?<several>cuda|dml)(?::(?<index>\d{1,3}))?|(?<single>cpu|webgpu|coreml))$/;

/** Reads `cpu`, `cuda`, `cuda:1` …; undefined for anything else. */
export function parseDevice(text: string): Device | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const provider = (groups['several'] ?? groups['single']) as Device['provider'];
  return groups['index'] === undefined ? { provider } : { provider, index: Number(groups['index']) };
}

export function formatDevice({ provider, index }: Device): string {
  return index === undefined ? provider : `${provider}:${index}`;
}

/**
 * Whether weights stay mapped from their file, whose pages all processes share. What is computed from weights when the
 * graph is opened would be a copy for each: other layouts of matrices, and constants.
 */
export function sharesWeights({ device, optimizer }: { device: Device; optimizer?: Optimizer | undefined }): boolean {
  return optimizer === 'shared-weights' && device.provider === 'cpu';
}
