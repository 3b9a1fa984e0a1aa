import type { OnnxModel } from '../../onnx/read-model.js';
import { PreannotateError } from '../../core/errors.js';
import type { ImageSize } from '../artifact.js';
import type { ExportFile } from '../checkpoint/checkpoint.js';
import type { ModelTraits } from '../family.js';

/** What Optimum calls the inputs of an OWL-ViT export; `mask` may be missing. */
export const INPUTS = { pixels: 'pixel_values', ids: 'input_ids', mask: 'attention_mask' } as const;

/** The outputs that detections are made of. */
export const OUTPUTS = ['logits', 'pred_boxes'] as const;

/** TensorProto.DataType */
const FLOATS = [1, 10, 11];
const INTEGERS = [6, 7];
const INT64 = 7;

/**
 * The oldest opset whose operators the parts around an export can be written in: it brought GatherElements and TopK.
 */
const OLDEST_OPSET = 11;

/** Inputs and outputs of the sessions; a value of an export under one of these names would be mistaken for it. */
const RESERVED_NAMES = [
  'pixels',
  'queries',
  'groups',
  'offsets',
  'allowed',
  'scores',
  'pairs',
  'members',
  'boxes',
  'embeddings',
];

/** @throws Error naming what OWL-ViT exports have and this one lacks. */
export function checkInterface({ opsets, inputs, outputs, nodes, initializers }: OnnxModel): void {
  const opset = opsets.get('') ?? 0;
  if (opset < OLDEST_OPSET) throw new Error(`its opset is ${opset}; ${OLDEST_OPSET} is the oldest that can be used`);
  const known: Readonly<Record<string, readonly number[]>> = {
    [INPUTS.pixels]: FLOATS,
    [INPUTS.ids]: [INT64],
    [INPUTS.mask]: INTEGERS,
  };
  for (const name of [INPUTS.pixels, INPUTS.ids]) if (!inputs.has(name)) throw new Error(`it has no input "${name}"`);
  for (const name of OUTPUTS) if (!outputs.has(name)) throw new Error(`it has no output "${name}"`);
  for (const [name, { element, shape }] of inputs) {
    const types = known[name];
    if (types === undefined) throw new Error(`it has an input "${name}", which OWL-ViT exports do not have`);
    if (!types.includes(element)) throw new Error(`its input "${name}" has the element type ${element}`);
    if (name !== INPUTS.pixels && shape.some((size) => size !== undefined)) {
      throw new Error(
        `its input "${name}" is [${shape.map((size) => size ?? '?').join()}], ` +
          'so it takes no other number of texts or tokens',
      );
    }
  }
  const taken = RESERVED_NAMES.find(
    (name) => initializers.has(name) || nodes.some(({ outputs: made }) => made.includes(name)),
  );
  if (taken !== undefined) throw new Error(`it has a value "${taken}", which OWL-ViT exports do not have`);
}

/** @throws Error when the configuration is of another model than the export. */
export function checkSize({ inputs }: OnnxModel, { nativeSide }: ModelTraits): void {
  const shape = inputs.get(INPUTS.pixels)?.shape.slice(1) ?? [];
  const expected = [3, nativeSide, nativeSide];
  if (shape.some((size, i) => size !== undefined && size !== expected[i])) {
    const declared = shape.map((size) => size ?? '?').join();
    throw new Error(`its input "${INPUTS.pixels}" is [?,${declared}], but config.json says [?,${expected.join()}]`);
  }
}

/** @throws PreannotateError CONFIG_INVALID when images are to have another size than the export has. */
export function requireOwnSize({ path }: ExportFile, size: ImageSize, own: ImageSize): void {
  if (size.height === own.height && size.width === own.width) return;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      `${path}: images must be ${own.height} x ${own.width}, not ${size.height} x ${size.width}: ` +
      'an ONNX export has one size.',
    hint: 'Leave out --image-size, or use the checkpoint itself (model.safetensors), which takes any.',
  });
}
