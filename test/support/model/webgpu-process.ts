/**
 * `webgpu-process.ts <precision> <case>...` prints, as JSON, how far reference cases are from the reference on WebGPU.
 * Without arguments it prints why WebGPU does not start on this machine, or nothing where it does.
 */
import { tryDevice } from '../../../src/model/probe.js';
import type { Precision } from '../../../src/core/precision.js';
import { runGolden } from './golden-model.js';
import { goldenCases, maxDifference, tensorsOf } from './golden.js';
import type { Distance } from './webgpu.js';

const device = { provider: 'webgpu' } as const;
const [precision, ...names] = process.argv.slice(2) as [Precision?, ...string[]];
if (precision === undefined) {
  const reason = await tryDevice(device, 'onnxrt').then(
    () => '',
    (error: unknown) => String(error).split('\n', 1)[0]!.split(': ').at(-1)!, // the driver's own words come last
  );
  process.stdout.write(reason);
  process.exit(0);
}

const distances: Distance[] = [];
for (const golden of goldenCases('forward').filter(({ name }) => names.includes(name))) {
  const tensor = tensorsOf(golden);
  const { embeddings, outputs, columns } = await runGolden(golden, { precision, device });
  const kept = outputs.scores.length / golden.images.length;
  const perImage = outputs.logits.length / golden.images.length;
  const ranked = outputs.pairs.map((pair, i) => outputs.logits[Math.floor(i / kept) * perImage + pair]!);
  distances.push({
    name: golden.name,
    embeddings: maxDifference(embeddings, tensor('text_embeds').data),
    logits: maxDifference(columns(outputs.logits), tensor('logits').data),
    boxes: maxDifference(outputs.boxes, tensor('pred_boxes').data),
    ranking: maxDifference(
      outputs.scores,
      ranked.map((logit) => 1 / (1 + Math.exp(-logit))),
    ),
  });
}
process.stdout.write(JSON.stringify(distances));
process.exit(0); // sessions that were never released would be taken down in any order
