import * as value from './values.js';

/** What `doctor` does besides checking. */
export const doctorOptions = {
  setup_cuda: value
    .toggle()
    .default(false)
    .describe(
      "Download ONNX Runtime's CUDA and TensorRT libraries (from NuGet, about 200 MB), then report what is still " +
        'missing',
    )
    .meta({ flag: { group: 'speed', basic: true, only: true } }),
};

/** What `init` writes besides a starter. */
export const initOptions = {
  samples: value
    .toggle()
    .default(false)
    .describe('Also copy three sample pictures to samples/, with their classes, and builtin:emoji as the model')
    .meta({ flag: { group: 'input', basic: true, only: true } }),
};
