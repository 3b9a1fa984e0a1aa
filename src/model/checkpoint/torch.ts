import { basename } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { describeReadError } from '../../disk/readable-file.js';
import type { ElementType, StoredTensor } from '../../onnx/messages.js';
import { PICKLE_LIMITS, readPickle, type PickleFunction } from './pickle.js';
import { LegacyFormatError, TorchArchive } from './torch-archive.js';

/** Storages by the name of their class, with the size of an element. Integers (`position_ids`) are not weights. */
const STORAGES: Readonly<Partial<Record<string, { type?: ElementType; bytes: number }>>> = {
  'torch.FloatStorage': { type: 'float32', bytes: 4 },
  'torch.HalfStorage': { type: 'float16', bytes: 2 },
  'torch.BFloat16Storage': { type: 'bfloat16', bytes: 2 },
  'torch.DoubleStorage': { bytes: 8 },
  'torch.LongStorage': { bytes: 8 },
  'torch.IntStorage': { bytes: 4 },
  'torch.ShortStorage': { bytes: 2 },
  'torch.CharStorage': { bytes: 1 },
  'torch.ByteStorage': { bytes: 1 },
  'torch.BoolStorage': { bytes: 1 },
};

/** What else a checkpoint may name. @see https://github.com/pytorch/pytorch/blob/main/torch/_utils.py */
const FUNCTIONS: Readonly<Partial<Record<string, PickleFunction>>> = {
  'collections.OrderedDict': orderedDict,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': rebuildParameter,
};

const MAX_DIMENSIONS = 8; // before the sizes are looked at: hostile ones are a million long and used again and again
const MAX_REASON_CHARS = 300; // a file can hold names of any length
const DAMAGED =
  'Fetch the file again; a download that stopped early or an HTML page saved in its place looks like this.';
const CONVERT =
  "Convert it where PyTorch is: python -c \"import torch; f = 'pytorch_model.bin'; " +
  "torch.save(torch.load(f, map_location='cpu', weights_only=True), f)\", or fetch model.safetensors.";
const SUSPICIOUS =
  'Weights need no such thing, and opened with PyTorch it could run a program. Use model.safetensors of the same ' +
  'model. ' +
  'If you trust the file, save its weights alone: model.save_pretrained(folder).';

/** The pickle asks for code. */
class DisallowedNameError extends Error {}

/** One type of storage, as the pickle names it. */
class StorageType {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Numbers of one type in one file of the archive, which several tensors may share. */
class Storage {
  readonly type: ElementType | undefined;
  readonly elementBytes: number;
  readonly key: string;
  readonly length: number;

  constructor({ type, bytes }: { type?: ElementType; bytes: number }, key: string, length: number) {
    this.type = type;
    this.elementBytes = bytes;
    this.key = key;
    this.length = length;
  }
}

/** A view of a storage; all in elements. */
class TensorView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, layout: { offset: number; shape: readonly number[]; strides: readonly number[] }) {
    this.storage = storage;
    this.offset = layout.offset;
    this.shape = layout.shape;
    this.strides = layout.strides;
  }
}

/**
 * Reads where the tensors of a PyTorch checkpoint are, and none of their values. What is pickled in it can make tensors
 * and nothing else: no name that it asks for reaches code.
 *
 * @param path - The file itself, not a link: {@link StoredTensor.file} is its name.
 * @returns Floating-point tensors by name; others are left out.
 * @throws PreannotateError MODEL_INVALID when it asks for anything else, is damaged, or is of an older form.
 */
export async function readTorchIndex(path: string): Promise<Map<string, StoredTensor>> {
  try {
    await using archive = await TorchArchive.open(path);
    await checkByteOrder(archive);
    const state = readPickle(await archive.read('data.pkl', PICKLE_LIMITS.bytes), { resolveName, resolveStorage });
    return await locateTensors(collectTensors(state), { archive, file: basename(path) });
  } catch (error) {
    const reason = printable(
      describeReadError(error).replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(0, MAX_REASON_CHARS),
    );
    const hint =
      error instanceof LegacyFormatError ? CONVERT : error instanceof DisallowedNameError ? SUSPICIOUS : DAMAGED;
    const message = `${path}: not a usable PyTorch checkpoint: ${reason}.`;
    throw new PreannotateError({ code: 'MODEL_INVALID', message, hint }, error);
  }
}

async function checkByteOrder(archive: TorchArchive): Promise<void> {
  if (!archive.has('byteorder')) return; // before PyTorch 2.1, which wrote what the machine had
  const order = (await archive.read('byteorder', 16)).toString();
  if (order !== 'little') throw new Error(`its numbers are ${order}-endian, only little-endian ones can be used`);
}

function resolveName(name: string): unknown {
  if (Object.hasOwn(STORAGES, name)) return new StorageType(name);
  const callee = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (callee === undefined) throw new DisallowedNameError(`it asks for ${name}, which is not allowed`);
  return callee;
}

/** @param id - ('storage', type, key, device, length) */
function resolveStorage(id: unknown): Storage {
  const [kind, type, key, , length] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(length)) {
    throw new Error('it refers to something that is not a storage');
  }
  return new Storage(STORAGES[type.name]!, key, length);
}

function orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  if (args.length > 0) throw new Error('it has a dict in a form that torch.save does not write');
  return new Map();
}

/** @param args - Storage, offset, size, stride, requires_grad, hooks and sometimes metadata. */
function rebuildTensor(args: readonly unknown[]): TensorView {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw new Error('it has a tensor with wrong arguments');
  }
  if (shape.length !== strides.length) {
    throw new Error(`it has a tensor of ${shape.length} dimensions with ${strides.length} strides`);
  }
  return new TensorView(storage, { offset, shape, strides });
}

function rebuildParameter([view]: readonly unknown[]): TensorView {
  if (!(view instanceof TensorView)) throw new Error('it has a parameter that is not a tensor');
  return view;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isCount);
}

/** The tensors of a state dict. What else lies in it, such as the number of an epoch, is left out. */
function collectTensors(state: unknown): [name: string, TensorView][] {
  const entries = state instanceof Map ? [...(state as Map<unknown, unknown>)] : [];
  const views = entries.filter(
    (entry): entry is [string, TensorView] => typeof entry[0] === 'string' && entry[1] instanceof TensorView,
  );
  if (views.length === 0) throw new Error('it is not a dict of tensors, as model.state_dict() is');
  return views;
}

async function locateTensors(
  views: readonly (readonly [string, TensorView])[],
  { archive, file }: { archive: TorchArchive; file: string },
): Promise<Map<string, StoredTensor>> {
  const spans = new Map<string, { offset: number; sizeBytes: number }>();
  const tensors = new Map<string, StoredTensor>();
  for (const [name, view] of views) {
    const { type, elementBytes, key, length } = view.storage;
    if (type === undefined) continue;
    const span = spans.get(key) ?? (await archive.locate(`data/${key}`));
    spans.set(key, span);
    const count = view.shape.reduce((product, size) => product * size, 1);
    if (length * elementBytes > span.sizeBytes || view.offset + count > length) {
      throw new Error(`"${name}" reaches past the end of data/${key}`);
    }
    const axes = storedAxes(view);
    if (axes === undefined) throw new Error(`"${name}" has gaps between its numbers (strides ${view.strides.join()})`);
    tensors.set(name, {
      file,
      type,
      shape: view.shape,
      offset: span.offset + view.offset * elementBytes,
      sizeBytes: count * elementBytes,
      ...(axes.every((axis, i) => axis === i) ? {} : { axes }),
    });
  }
  return tensors;
}

/**
 * The axes from the outermost to the innermost as they lie in the file: [0, 1] row by row, [1, 0] for a transposed
 * matrix, which the projections of the published OWL-ViT checkpoints are. Undefined where numbers are left out or
 * shared.
 */
function storedAxes({ shape, strides }: TensorView): readonly number[] | undefined {
  const all = shape.map((_, axis) => axis);
  if (shape.includes(0)) return all;
  // The stride of an axis of length 1 says nothing: such an axis stays before the next one that counts.
  const reach = all.map((axis) => strides[all.find((next) => next >= axis && shape[next]! > 1) ?? -1] ?? 0);
  const axes = [...all].sort((a, b) => reach[b]! - reach[a]!);
  let expected = 1;
  for (const axis of [...axes].reverse()) {
    if (shape[axis]! > 1 && strides[axis] !== expected) return undefined;
    expected *= shape[axis]!;
  }
  return axes;
}
