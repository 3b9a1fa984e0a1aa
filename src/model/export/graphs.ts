import { Graph } from '../../onnx/graph.js';
import { writeExternalTensor, type Value } from '../../onnx/messages.js';
import { ProtoWriter } from '../../onnx/proto-writer.js';
import type { OnnxModel } from '../../onnx/read-model.js';
import type { Initializer } from '../../onnx/read-tensor.js';
import type { ImageGraphOptions } from '../artifact.js';
import type { Preprocessor } from '../checkpoint/checkpoint.js';
import type { ModelTraits } from '../family.js';
import { declareQueries, l2Norm, rankPairs } from '../ranking.js';
import type { ExportCut, ExportPart } from './cut.js';

const FLOAT = 1; // TensorProto.DataType

const PREFIX = 'preannotate.'; // no exporter names a value so

/** An export, cut, and what its files say beside it. */
export interface SplitExport {
  readonly cut: ExportCut;
  readonly traits: ModelTraits;
  readonly preprocessor: Preprocessor;
  readonly fileOf: ReadonlyMap<string, string>; // where the graph says that weights are: the file's real name
}

/** The image graph of `Artifact`, made of the image part of an export. Its opset is the export's. */
export function buildExportImageGraph(source: SplitExport, options: ImageGraphOptions): Uint8Array {
  const { cut, traits } = source;
  const { height, width } = options.size;
  const graph = new Graph(dialectOf(cut.model));
  const pixels = graph.input('pixels', options.pixelType ?? 'uint8', ['N', height, width, 3]);
  const inputs = declareQueries(graph, traits.embeddingWidth);
  const { queries } = inputs;

  const queryCount = sizeAlong(graph, queries, 0);
  feedImages(graph, pixels, source);
  feedTexts(graph, { pixels, queries, queryCount }, source);
  graph.splice(selectPart(source, cut.image));

  const patches = traits.patches(options.size);
  // A graph for a single image takes the texts of all images for its own: they repeat, so the first ones are enough.
  const own = graph.op('Slice', [
    ...[castToFloat(graph, cut.model, 'logits'), graph.ints([0]), queryCount],
    ...[graph.ints([2]), graph.ints([1])],
  ]);
  const flat = graph.op('Concat', [graph.ints([-1]), queryCount], { axis: 0 });
  const logits = graph.op('Reshape', [own, flat]);
  rankPairs(graph, logits, { ...inputs, patches, most: options.maxDetections });
  const boxes = castToFloat(graph, cut.model, 'pred_boxes');
  graph.output('boxes', boxes, { type: 'float32', shape: ['N', patches, 4] });
  if (options.raw === true) graph.output('raw_logits', logits, { type: 'float32', shape: ['N*P', 'Q'] });
  return graph.toBytes();
}

/** The text graph of `Artifact`, made of the text part of an export. */
export function buildExportTextGraph(source: SplitExport): Uint8Array {
  const { cut, traits } = source;
  const graph = new Graph(dialectOf(cut.model));
  const ids = graph.input('input_ids', 'int64', ['Q', 'L']);
  // All ones: attention is causal, and what is read off stands before the padding.
  feed(graph, cut.model, { attention_mask: graph.op('Expand', [graph.ints([1]), graph.op('Shape', [ids])]) });
  graph.splice(selectPart(source, cut.text));
  const embeddings = graph.op('Cast', [cut.embedding], { to: FLOAT });
  graph.output('embeddings', graph.op('Div', [embeddings, l2Norm(graph, embeddings)]), {
    type: 'float32',
    shape: ['Q', traits.embeddingWidth],
  });
  return graph.toBytes();
}

/** [N, H, W, 3] of 0–255 as `pixel_values` [N, 3, H, W], normalised. */
function feedImages(graph: Graph, pixels: Value, source: SplitExport): void {
  const { image_mean: mean, image_std: std } = source.preprocessor;
  const scale = graph.floats(std.map((deviation) => 1 / (255 * deviation)));
  const shift = graph.floats(std.map((deviation, channel) => -mean[channel]! / deviation));
  const levels = graph.op('Cast', [pixels], { to: FLOAT });
  const normalised = graph.op('Add', [graph.op('Mul', [levels, scale]), shift]);
  feed(graph, source.cut.model, { pixel_values: graph.op('Transpose', [normalised], { perm: [0, 3, 1, 2] }) });
}

/** The same queries for every image, [N * Q, T], and ids of as many texts that are not padding. */
function feedTexts(
  graph: Graph,
  { pixels, queries, queryCount }: { pixels: Value; queries: Value; queryCount: Value },
  source: SplitExport,
): void {
  const { cut, traits } = source;
  const images = sizeAlong(graph, pixels, 0);
  const repeats = graph.op('Concat', [images, graph.ints([1])], { axis: 0 });
  const tiled = graph.op('Tile', [queries, repeats]);
  graph.name(cut.embedding, graph.op('Cast', [tiled], { to: cut.embeddingType }));
  const length = graph.ints([traits.maxTokens]);
  const shape = graph.op('Concat', [graph.op('Mul', [images, queryCount]), length], { axis: 0 });
  const ones = graph.op('Expand', [graph.ints([1]), shape]);
  feed(graph, cut.model, { input_ids: ones, attention_mask: ones });
}

/** Hands values to an export by the names of its inputs, if it has them, in the types that it wants. */
function feed(graph: Graph, { inputs }: OnnxModel, values: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(values)) {
    const type = inputs.get(name)?.element;
    if (type !== undefined) graph.name(name, graph.op('Cast', [value], { to: type }));
  }
}

function sizeAlong(graph: Graph, value: Value, axis: number): Value {
  return graph.op('Slice', [graph.op('Shape', [value]), graph.ints([axis]), graph.ints([axis + 1])]);
}

function castToFloat(graph: Graph, { outputs }: OnnxModel, name: string): Value {
  const type = outputs.get(name)?.element ?? FLOAT;
  return type === FLOAT ? name : graph.op('Cast', [name], { to: FLOAT });
}

function dialectOf({ irVersion, opsets }: OnnxModel) {
  return { irVersion: Math.max(irVersion, 9), opsets, prefix: PREFIX };
}

/** The nodes of a part and the weights that it reads, and no others. */
function selectPart({ cut: { model }, fileOf }: SplitExport, { nodes, reads }: ExportPart) {
  const weights = [...reads].flatMap((value) => model.initializers.get(value) ?? []);
  return {
    nodes: nodes.map((node) => model.nodes[node]!.bytes),
    initializers: weights.map((weight) => encodeTensor(weight, fileOf)),
    functions: model.functions,
  };
}

function encodeTensor(
  { name, type, shape, bytes, stored }: Initializer,
  fileOf: ReadonlyMap<string, string>,
): Uint8Array {
  if (bytes !== undefined) return bytes;
  const { location, offset, sizeBytes } = stored!;
  const proto = new ProtoWriter();
  writeExternalTensor(proto, { name, type, shape, file: fileOf.get(location)!, offset, sizeBytes });
  return proto.finish();
}
