import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InputForm, Positions } from '../../../src/core/inference/input-form.js';
import { Detector } from '../../../src/model/detector.js';
import { ExampleEncoder } from '../../../src/model/example-encoder.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { FIXTURES } from '../../support/model/golden.js';
import { editConfig } from '../../support/model/tiny-folder.js';
import { temporaryFolder } from '../../support/temporary.js';

const PATCH = 14;
const SIDE = 7; // patches of the model's own input
const NAME = 'owlv2.vision_model.embeddings.position_embedding.weight';

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** A copy of the tiny OWLv2 checkpoint whose learnt positions, [1 + side * side, width], are others. */
async function withPositions(change: (learnt: Float32Array, width: number) => Float32Array): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  await cp(join(FIXTURES, 'models/owlv2-tiny'), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Header;
  const data = file.subarray(8 + headerBytes);
  const { shape, data_offsets: span } = header[NAME]!;
  const width = shape[1]!;
  const changed = change(new Float32Array(Uint8Array.from(data.subarray(...span)).buffer), width);
  // At the end, in place of the old ones, which stay as bytes that nothing refers to.
  const offsets: [number, number] = [data.length, data.length + changed.byteLength];
  header[NAME] = { dtype: 'F32', shape: [changed.length / width, width], data_offsets: offsets };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, data, new Uint8Array(changed.buffer)]));
  return folder;
}

/** The place of a patch's position: the class token's comes first. */
const placeOf = (row: number, column: number) => 1 + row * SIDE + column;

/** Every box that a model gives for a picture of so many patches, and the query that it takes from it. */
async function answersOf(folder: string, grid: { rows: number; columns: number }, form: Partial<InputForm> = {}) {
  const size = { height: grid.rows * PATCH, width: grid.columns * PATCH };
  const checkpoint = await readCheckpoint(folder);
  const pixels = Uint8Array.from({ length: size.height * size.width * 3 }, (_, i) => (i * 7919 + (i >> 5)) % 251);
  const shown = { width: size.width, height: size.height };
  await using detector = await Detector.open({
    ...{ checkpoint, device: { provider: 'cpu' }, threads: 1, precision: 'fp32', imageSize: size, ...form },
    ...{ scoreFloor: 0, maxDetections: 300, optimizer: 'onnxrt' },
  });
  const embeddings = await detector.encode([[852, 5, 853]]);
  const [found] = await detector.detect(pixels, [shown], [{ embeddings, classIds: [0] }]);
  await using encoder = await ExampleEncoder.open({
    checkpoint,
    threads: 1,
    size,
    exampleRule: 'transformers',
    ...form,
  });
  const example = await encoder.encode({ pixels, size: shown });
  expect(example).toBeDefined();
  return { found: found!, example };
}

it('the positions of a smaller square are the upper left part of those that OWLv2 has learnt', async () => {
  const side = 4;
  const corner = await withPositions((learnt, width) => {
    const rows = Array.from({ length: side * side }, (_, i) => placeOf(Math.floor(i / side), i % side));
    return Float32Array.from([0, ...rows].flatMap((row) => [...learnt.subarray(row * width, (row + 1) * width)]));
  });
  await editConfig(corner, ['vision_config', 'image_size'], side * PATCH);
  const grid = { rows: side, columns: side };
  const native = await answersOf(corner, grid); // of its own size, so that nothing is sliced or resampled
  const sliced = await answersOf(join(FIXTURES, 'models/owlv2-tiny'), grid, { positions: 'slice' });
  expect(native.found.length).toBeGreaterThan(5);
  expect(sliced).toEqual(native);
  expect(await answersOf(join(FIXTURES, 'models/owlv2-tiny'), grid)).toEqual(native); // and by default
});

it.each<[Positions, number, number, boolean]>([
  ['slice', 4, 4, true],
  ['slice', 7, 3, true],
  ['slice', 2, 7, true],
  ['interpolate', 4, 4, false],
  ['interpolate', 7, 3, false],
])(
  '%s at %i x %i patches: positions outside of that part change nothing: %s',
  async (positions, rows, columns, same) => {
    const elsewhere = await withPositions((learnt, width) =>
      learnt.map((value, i) => {
        const patch = Math.floor(i / width) - 1;
        const isInside = patch < 0 || (Math.floor(patch / SIDE) < rows && patch % SIDE < columns);
        return isInside ? value : 5 - value;
      }),
    );
    const own = await answersOf(join(FIXTURES, 'models/owlv2-tiny'), { rows, columns }, { positions });
    const other = await answersOf(elsewhere, { rows, columns }, { positions });
    if (same) expect(other).toEqual(own);
    else expect(other).not.toEqual(own);
  },
);

it.each([
  [8, 8],
  [9, 4],
])('beyond its own size, %i x %i patches, positions are resampled, as by transformers', async (rows, columns) => {
  const folder = join(FIXTURES, 'models/owlv2-tiny');
  const grid = { rows, columns };
  expect(await answersOf(folder, grid)).toEqual(await answersOf(folder, grid, { positions: 'interpolate' }));
});
