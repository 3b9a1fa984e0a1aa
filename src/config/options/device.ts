import { z } from 'zod';
import { PRECISIONS } from '../../core/precision.js';
import * as value from './values.js';

/** Where and how the model runs. */
export const deviceOptions = {
  devices: value
    .devices()
    .prefault('auto')
    .describe(
      'Devices to use: auto (every CUDA device that starts, else cpu), or a list of cpu, cuda, cuda:0, webgpu, ' +
        'coreml, dml',
    )
    .meta({
      flag: { group: 'speed', basic: true, name: 'device', placeholder: 'list', repeatable: true },
      alias: 'device',
      suggested: { words: ['auto', 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'], isList: true },
    }),
  workers_per_device: z
    .exactOptional(value.wholeBetween(1, 64))
    .describe('Worker processes for each device; each holds its own copy of the weights. Default: chosen by device')
    .meta({ examples: [2], flag: { group: 'speed', placeholder: 'n' } }),
  threads: z
    .exactOptional(value.wholeBetween(1, 1024))
    .describe('CPU threads of each worker. Default: the cores divided among the workers')
    .meta({ examples: [4], flag: { group: 'speed', placeholder: 'n' } }),
  max_batch_size: z
    .exactOptional(value.wholeBetween(1, 1024))
    .describe(
      'Images, or their tiles, per forward pass; raise it until the device is busy or its memory is full. Default: ' +
        'chosen by device',
    )
    .meta({ examples: [8], flag: { group: 'speed', placeholder: 'n' } }),
  batching_timeout_sec: value
    .numberBetween(0, 60)
    .default(0.05)
    .describe('Seconds that a batch waits to fill up; trades latency for throughput in the server')
    .meta({ flag: { group: 'speed', placeholder: 's' } }),
  precision: value
    .choice(['auto', ...PRECISIONS])
    .default('auto')
    .describe('Number format of the model: fp32 is exact, fp16 suits GPUs, int8 is smallest and finds slightly less')
    .meta({ flag: { group: 'speed', placeholder: 'p' } }),
  optimizer: value
    .choice(['onnxrt', 'none', 'shared-weights', 'tensorrt', 'cudagraphs'])
    .default('onnxrt')
    .describe(
      'Graph optimisation: onnxrt works everywhere; shared-weights lets the fp32 workers of a CPU share one copy of ' +
        'the weights; tensorrt starts slower and may run faster on NVIDIA; none is for debugging',
    )
    .meta({ flag: { group: 'speed', placeholder: 'o' } }),
};
