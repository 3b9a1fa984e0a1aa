import type { Device } from '../../core/device.js';
import { CPU_OPERATORS, type OperatorChoice } from './transformer.js';

const GPU_OPERATORS: OperatorChoice = { mlpSlices: 1 }; // slices only suit a CPU's caches

/** CoreML has no fused attention, and WebGPU's is wrong: see `attention.ts`. */
const BASIC_OPERATORS: OperatorChoice = { mlpSlices: 1, plainAttention: true };

const CHOICES: Readonly<Record<Device['provider'], OperatorChoice>> = {
  cpu: CPU_OPERATORS,
  cuda: GPU_OPERATORS,
  dml: GPU_OPERATORS,
  webgpu: BASIC_OPERATORS,
  coreml: BASIC_OPERATORS,
};

/** The forms of the image graph's operators that suit a provider. */
export function operatorsFor(device: Device): OperatorChoice {
  return CHOICES[device.provider];
}
