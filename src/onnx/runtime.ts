// ONNX Runtime 1.29 and later report usage to Microsoft unless this is set before the library is first loaded.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

/** ONNX Runtime. Only worker processes import this file: a `run` blocks the thread that calls it. */
export const ort = await import('onnxruntime-node');
