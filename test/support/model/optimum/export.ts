import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwlCheckpoint } from '../../../../src/model/owl/config.js';
import { readOwlCheckpoint } from '../owl.js';
import type { Value } from '../../../../src/onnx/messages.js';
import { encodeImages, encodeTexts } from './towers.js';
import { norm, predictionHead } from './layers.js';
import { TorchGraph, type ExportOptions, type Kind } from './torch-graph.js';

const FILES: Readonly<Record<Kind, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  int8: 'model_quantized.onnx',
};

export const PLAIN: ExportOptions = { opset: 14, kind: 'fp32', batch: 'any', constants: 'nodes', textFirst: false };

/** Writes a checkpoint as transformers.js takes it: its small files, and exports of it in onnx/, each in one file. */
export async function writeOptimumExport(from: string, to: string, exports: readonly ExportOptions[]): Promise<void> {
  await mkdir(join(to, 'onnx'), { recursive: true });
  const checkpoint = await readOwlCheckpoint(from);
  for (const options of exports)
    await writeFile(join(to, 'onnx', FILES[options.kind]), optimumExport(checkpoint, options));
  for (const name of (await readdir(from)).filter((file) => /\.(json|txt)$/.test(file))) {
    await copyFile(join(from, name), join(to, name));
  }
}

/**
 * OWL-ViT or OWLv2 as Optimum exports it, as far as that can be told from the sources and from what others saw of
 * published exports: inputs, outputs and their names, the product with `/owlvit/Div_output_0`, logits masked in
 * float64.
 *
 * @see transformers `OwlViTForObjectDetection.forward`; Optimum `OwlViTOnnxConfig`
 */
export function optimumExport(checkpoint: OwlCheckpoint, options: ExportOptions): Uint8Array {
  const { config } = checkpoint;
  const torch = new TorchGraph(checkpoint, options);
  const { graph } = torch;
  const ids = graph.input('input_ids', 'int64', ['text_batch_size', 'sequence_length']);
  const pixels = graph.input('pixel_values', 'float32', ['image_batch_size', 'num_channels', 'height', 'width']);
  const mask = graph.input('attention_mask', 'int64', ['text_batch_size', 'sequence_length']);
  const encodePixels = () => encodeImages(torch, options.kind === 'fp16' ? torch.cast(pixels, 10) : pixels, checkpoint);
  let map = options.textFirst ? '' : encodePixels();
  const texts = encodeTexts(torch, { ids, mask }, checkpoint);
  if (options.textFirst) map = encodePixels();

  const [images, height, width] = [0, 1, 2].map((axis) => torch.size(map, axis)) as [Value, Value, Value];
  const depth = config.vision_config.hidden_size;
  const features = torch.reshape(map, [images, torch.op('Mul', [height, width]), depth]);
  const batch = options.batch === 'any' ? images : options.batch;
  const perImage = torch.op('Div', [torch.size(ids, 0), typeof batch === 'number' ? torch.int(batch) : batch]);
  const queries = torch.reshape(texts, [batch, torch.cast(perImage, 7), torch.size(texts, 1)]);
  const idsPerImage = torch.reshape(ids, [batch, torch.cast(perImage, 7), torch.size(ids, 1)]);
  const present = torch.op('Greater', [torch.op('Gather', [idsPerImage, torch.int(0)], { axis: 2 }), torch.int(0)]);

  const { logits, unit } = scoreQueries(torch, { features, queries, present });
  const boxes = predictBoxes(torch, features, config.vision_config);
  output(torch, 'logits', logits, ['image_batch_size', 'num_boxes', 'num_queries']);
  output(torch, 'pred_boxes', boxes, ['image_batch_size', 'num_boxes', 4]);
  output(torch, 'text_embeds', unit, ['text_batch_size', 'max_text_queries', config.text_config.hidden_size]);
  output(torch, 'image_embeds', map, ['image_batch_size', 'height', 'width', depth]);
  if (checkpoint.modelType === 'owlv2') {
    const objectness = torch.op('Gather', [predictionHead(torch, features, 'objectness_head'), torch.int(0)], {
      axis: 2,
    });
    output(torch, 'objectness_logits', objectness, ['image_batch_size', 'num_boxes']);
  }
  return graph.toBytes();
}

/** Outputs stay float32, as converters to float16 leave them. */
function output(torch: TorchGraph, name: string, value: Value, shape: readonly (number | string)[]): void {
  torch.graph.output(name, torch.float === 10 ? torch.cast(value, 1) : value, { type: 'float32', shape });
}

/** @see transformers `OwlViTClassPredictionHead.forward` */
function scoreQueries(
  torch: TorchGraph,
  { features, queries, present }: { features: Value; queries: Value; present: Value },
): { logits: Value; unit: Value } {
  const { opset, kind } = torch.options;
  const epsilon = kind === 'fp16' ? 6e-8 : 1e-6; // the least that float16 has
  const unitOf = (x: Value) => torch.op('Div', [x, torch.op('Add', [norm(torch, x), torch.floats([epsilon])])]);
  const classes = unitOf(torch.linear(features, 'class_head.dense0'));
  const unit = unitOf(queries);
  const similarity =
    opset >= 12
      ? torch.op('Einsum', [classes, unit], { equation: '...pd,...qd->...pq' })
      : torch.op('MatMul', [classes, torch.op('Transpose', [unit], { perm: [0, 2, 1] })]);
  const shift = torch.linear(features, 'class_head.logit_shift');
  const gain = torch.op('Add', [
    torch.op('Elu', [torch.linear(features, 'class_head.logit_scale')]),
    torch.floats([1]),
  ]);
  const raw = torch.op('Mul', [torch.op('Add', [similarity, shift]), gain]);
  const absent = torch.op('Equal', [torch.cast(torch.unsqueeze(present, [1]), 7), torch.int(0)]);
  if (opset >= 17) return { logits: torch.op('Where', [absent, torch.floats([-60000]), raw]), unit };
  const masked = torch.op('Where', [absent, torch.double(-1e6), torch.cast(raw, 11)]);
  return { logits: torch.cast(masked, torch.float), unit };
}

/** @see transformers `OwlViTForObjectDetection.box_predictor` */
function predictBoxes(torch: TorchGraph, features: Value, vision: OwlCheckpoint['config']['vision_config']): Value {
  const side = Math.floor(vision.image_size / vision.patch_size);
  const logit = (fraction: number) => Math.log(fraction + 1e-4) - Math.log1p(-fraction + 1e-4);
  const bias = Array.from({ length: side * side }, (_, patch) => {
    const [column, row] = [patch % side, Math.floor(patch / side)];
    return [logit((column + 1) / side), logit((row + 1) / side), logit(1 / side), logit(1 / side)];
  });
  const places = torch.floats(bias.flat(), [side * side, 4]);
  return torch.op('Sigmoid', [torch.op('Add', [predictionHead(torch, features, 'box_head'), places])]);
}
