import {
  findBottlenecks,
  findDependents,
  indexEdges,
  findProducers,
  describeNode,
  findInputs,
  type GraphEdges,
} from '../../onnx/dependencies.js';
import type { OnnxModel } from '../../onnx/read-model.js';
import { rankOf } from '../../onnx/read-tensor.js';
import { checkInterface, INPUTS, OUTPUTS } from './interface.js';
import { findElementType, findLeadingNumber } from './values.js';

/** Nodes of an export that one session runs. */
export interface ExportPart {
  readonly nodes: readonly number[]; // places in `model.nodes`
  readonly reads: ReadonlySet<string>; // weights, and what has to be given
}

/** A monolithic export in two. */
export interface ExportCut {
  readonly model: OnnxModel;
  readonly embedding: string; // the value between them: one row a text
  readonly embeddingType: number; // TensorProto.DataType
  readonly text: ExportPart; // token ids to `embedding`
  readonly image: ExportPart; // `embedding` and pixels to logits and boxes
  readonly anyBatch: boolean; // false: the shapes in it are those of a single image
}

/**
 * Cuts an OWL-ViT or OWLv2 export by its edges, whatever its nodes are called and whichever opset wrote it.
 *
 * The text part ends where its last product with a weight matrix (the projection) has been normalised, if it is; both
 * sides of the cut normalise anyway. What the image part reads of token ids beside that is the number of texts and
 * which of them are padding, so it gets ids that stand in for texts.
 *
 * @throws Error saying what is missing.
 * @see transformers `OwlViTForObjectDetection.forward`; Optimum `OwlViTOnnxConfig`
 */
export function cutExport(model: OnnxModel): ExportCut {
  checkInterface(model);
  const edges = indexEdges(model);
  const flow = traceFlow(edges);
  const embedding = findEmbedding(edges, flow);
  const text = collectPart(edges, [embedding]);
  const image = collectPart(edges, [...OUTPUTS], new Set([embedding]));
  const left = image.nodes.find((node) => flow.ofText.has(node) && readsMatrix(edges, flow, node));
  if (left !== undefined) {
    throw new Error(`the image part needs more of the text encoder than "${embedding}": ${describe(edges, left)}`);
  }
  return {
    ...{ model, embedding, text, image },
    embeddingType: findElementType(edges, embedding),
    anyBatch: takesAnyBatch(edges, image, embedding),
  };
}

/** Which nodes depend on what. */
interface Flow {
  readonly ofText: ReadonlySet<number>; // and not on the image
  readonly ofImage: ReadonlySet<number>;
  readonly matrices: ReadonlySet<string>; // constants of two dimensions or more
}

function traceFlow(edges: GraphEdges): Flow {
  const ofImage = findDependents(edges, [INPUTS.pixels], 'content or shape');
  const ofText = findDependents(edges, [INPUTS.ids, INPUTS.mask], 'content or shape');
  const { nodes, initializers } = edges.model;
  const matrices = new Set([...initializers.values()].filter(({ shape }) => shape.length >= 2).map(({ name }) => name));
  for (const [i, { inputs, outputs, attributes }] of nodes.entries()) {
    if (ofImage.has(i) || ofText.has(i)) continue;
    const constant = attributes.get('value')?.tensor;
    const isMatrix = constant !== undefined && rankOf(constant) >= 2;
    // turned or widened
    if (isMatrix || inputs.some((value) => matrices.has(value))) outputs.forEach((value) => matrices.add(value));
  }
  return { ofImage, ofText: new Set([...ofText].filter((node) => !ofImage.has(node))), matrices };
}

/** The value to cut at. */
function findEmbedding(edges: GraphEdges, flow: Flow): string {
  const { nodes } = edges.model;
  const path = traceTokens(edges, flow);
  const narrow = findBottlenecks(edges, path).filter((node) => flow.ofText.has(node));
  const places = narrow.map((node) => path.indexOf(node));
  const projection = narrow.reduce((last, _, k) => {
    const since = path.slice((places[k - 1] ?? -1) + 1, places[k]! + 1);
    return since.some((node) => readsMatrix(edges, flow, node)) ? k : last;
  }, -1);
  const found = narrow[projection];
  if (found === undefined) throw new Error('there is no edge that all of the text passes before it meets the image');
  const next = narrow[projection + 1];
  const { outputs } = nodes[next !== undefined && nodes[next]!.type === 'Div' ? next : found]!;
  if (outputs.length !== 1) throw new Error(`the text embeddings come out of ${describe(edges, found)} in parts`);
  return outputs[0]!;
}

/** The nodes between the look-up of token embeddings and the logits. */
function traceTokens(edges: GraphEdges, flow: Flow): number[] {
  const { model, producerOf: makerOf } = edges;
  const read = findDependents(edges, [INPUTS.ids], 'content');
  const lookups = model.nodes.flatMap(({ type, inputs: [table, ids] }, i) => {
    const isOfIds = ids === INPUTS.ids || read.has(makerOf.get(ids ?? '') ?? -1);
    return type === 'Gather' && isOfIds && flow.ofText.has(i) && flow.matrices.has(table!) ? [i] : [];
  });
  if (lookups.length === 0) throw new Error(`no node looks "${INPUTS.ids}" up in a table of token embeddings`);
  const onward = findDependents(
    edges,
    lookups.flatMap((node) => model.nodes[node]!.outputs),
    'content',
  );
  const path = findProducers(edges, [OUTPUTS[0]]).filter((node) => onward.has(node) || lookups.includes(node));
  if (!path.some((node) => flow.ofImage.has(node)))
    throw new Error(`"${OUTPUTS[0]}" does not compare texts with an image`);
  return path;
}

function readsMatrix({ model }: GraphEdges, { matrices }: Flow, node: number): boolean {
  return model.nodes[node]!.inputs.some((value) => matrices.has(value));
}

function collectPart(edges: GraphEdges, values: readonly string[], given?: ReadonlySet<string>): ExportPart {
  const nodes = findProducers(edges, values, given);
  return { nodes, reads: findInputs(edges, nodes) };
}

/**
 * Whether several images can go through at once. Optimum says of its exports that "the batch size of this model will
 * not be dynamic": sizes that the original computes in NumPy become constants.
 *
 * @throws Error when the constant is of more than one image.
 */
function takesAnyBatch(edges: GraphEdges, image: ExportPart, embedding: string): boolean {
  const { nodes, inputs } = edges.model;
  const ofImage = findDependents(edges, [INPUTS.pixels], 'content');
  const ofTexts = findDependents(edges, [embedding], 'content');
  let isAny = inputs.get(INPUTS.pixels)?.shape[0] === undefined;
  for (const node of image.nodes) {
    const {
      type,
      inputs: [, shape],
    } = nodes[node]!;
    if (type !== 'Reshape' || !(ofImage.has(node) || ofTexts.has(node))) continue;
    const images = findLeadingNumber(edges, shape!);
    if (images === undefined || images < 1) continue;
    if (images > 1 && !ofImage.has(node)) {
      throw new Error(`it was exported for batches of ${images} images; export it with --batch_size 1`);
    }
    isAny = false;
  }
  return isAny;
}

function describe({ model }: GraphEdges, node: number): string {
  return describeNode(model.nodes[node]!);
}
