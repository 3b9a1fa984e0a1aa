import type { InferenceSession } from 'onnxruntime-node';
import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { buildImageGraph } from '../../../src/model/owl/graphs.js';
import { ort } from '../../../src/onnx/runtime.js';
import { fullSizeCheckpoint, TEXT, VISION } from '../checkpoint/checkpoint.js';
import { median, ratios } from '../support/statistics.js';
import { printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

/** One way to build or open the image graph. The first is what the product does. */
interface Form {
  readonly name: string;
  readonly mlpSlices: number;
  readonly options?: InferenceSession.SessionOptions;
}

const FORMS: readonly Form[] = [
  { name: 'MLP in 2 slices', mlpSlices: 2 },
  { name: 'MLP whole', mlpSlices: 1 },
  { name: 'MLP in 4 slices', mlpSlices: 4 },
  { name: '2 slices, no memory pattern', mlpSlices: 2, options: { enableMemPattern: false } },
  { name: '2 slices, no arena', mlpSlices: 2, options: { enableCpuMemArena: false } },
];
const PROMPTS = 20;

/** Which form of the image graph is the fastest here? CPU time of one thread, in turns: other load matters little. */
export async function forms({ quick }: Bench): Promise<void> {
  const checkpoint = await readOwlCheckpoint(await fullSizeCheckpoint());
  const sessions = await Promise.all(FORMS.map((form) => open(checkpoint, form)));
  const times = FORMS.map((): number[] => []);
  const feeds = inputs();
  try {
    for (const session of sessions) await session.run(feeds);
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      for (const [i, session] of sessions.entries()) times[i]!.push(await cpuMs(() => session.run(feeds)));
    }
  } finally {
    for (const session of sessions) await session.release();
  }
  const rows = FORMS.map(({ name }, i) => {
    const cells = [Math.min(...times[i]!).toFixed(0), median(times[i]!).toFixed(0)];
    return [name, ...cells, median(ratios(times[i]!, times[0]!)).toFixed(3)];
  });
  printTable(
    'Image graph of OWL-ViT base/32, fp32, one thread: CPU ms an image',
    ['form', 'best', 'median', 'to the first'],
    rows,
  );
}

async function open(checkpoint: OwlCheckpoint, { mlpSlices, options }: Form): Promise<InferenceSession> {
  const size = { height: VISION.image, width: VISION.image };
  return ort.InferenceSession.create(
    buildImageGraph(checkpoint, { size, maxDetections: 300, operators: { mlpSlices } }),
    {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      extra: { session: { model_external_initializers_file_folder_path: checkpoint.weightsFolder } },
      ...options,
    },
  );
}

function inputs() {
  const pixels = new Uint8Array(VISION.image ** 2 * 3).fill(100);
  const queries = Float32Array.from({ length: PROMPTS * TEXT.hidden }, (_, i) => Math.sin(i));
  return {
    pixels: new ort.Tensor('uint8', pixels, [1, VISION.image, VISION.image, 3]),
    queries: new ort.Tensor('float32', queries, [PROMPTS, TEXT.hidden]),
    groups: new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: PROMPTS }, (_, i) => BigInt(i)),
      [PROMPTS, 1],
    ),
    offsets: new ort.Tensor('float32', new Float32Array(PROMPTS), [PROMPTS]),
    allowed: new ort.Tensor('float32', new Float32Array(PROMPTS), [1, PROMPTS]),
  };
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
