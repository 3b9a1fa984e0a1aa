import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOwlCheckpoint } from '../support/model/owl.js';
import { ProtoWriter } from '../../src/onnx/proto-writer.js';
import { readOnnx } from '../../src/onnx/read-model.js';
import { FIXTURES } from '../support/model/golden.js';
import { optimumExport, PLAIN } from '../support/model/optimum/export.js';
import { temporaryFolder } from '../support/temporary.js';

type Fill = (message: ProtoWriter) => void;

const node: Fill = (graph) =>
  graph.message(1, (part) => part.string(1, 'x').string(2, 'y').string(3, 'only').string(4, 'Relu'));
const opset: Fill = (model) => model.message(8, (part) => part.string(1, '').int(2, 14));

/** A model of one node, with more in its graph. */
function model(...parts: readonly Fill[]): Uint8Array {
  const whole = new ProtoWriter().int(1, 8);
  whole.message(7, (graph) => [node, ...parts].forEach((part) => part(graph)));
  opset(whole);
  return whole.finish();
}

function tensor(fill: Fill): Fill {
  return (graph) => graph.message(5, (part) => fill(part.string(8, 'w')));
}

/** Relu around Relu around Relu …, each in a graph that is an attribute of the next. */
function nested(depth: number): Fill {
  const inner: Fill =
    depth === 0
      ? node
      : (graph) =>
          graph.message(1, (part) =>
            part
              .string(4, 'If')
              .message(5, (attribute) => attribute.string(1, 'then_branch').message(6, nested(depth - 1))),
          );
  return inner;
}

async function read(bytes: Uint8Array) {
  const path = join(await temporaryFolder(), 'model.onnx');
  await writeFile(path, bytes);
  return readOnnx(path);
}

describe('an ONNX file', () => {
  it('is read for its structure: small tensors are kept, larger ones are only located', async () => {
    const checkpoint = await readOwlCheckpoint(join(FIXTURES, 'models/owlvit-tiny'));
    const bytes = optimumExport(checkpoint, { ...PLAIN, constants: 'initializers' });
    const { opsets, inputs, outputs, nodes, initializers } = await read(bytes);
    expect([...opsets]).toEqual([['', 14]]);
    expect(inputs.get('pixel_values')).toEqual({ element: 1, shape: [undefined, undefined, undefined, undefined] });
    expect([...outputs.keys()]).toEqual(['logits', 'pred_boxes', 'text_embeds', 'image_embeds']);
    expect(nodes.length).toBeGreaterThan(300);
    const name = 'owlvit.vision_model.embeddings.patch_embedding.weight';
    const { stored, shape } = initializers.get(name)!;
    const { offset, sizeBytes } = checkpoint.tensors.get(name)!;
    const source = await readFile(join(FIXTURES, 'models/owlvit-tiny/model.safetensors'));
    expect(shape).toEqual([64, 3, 16, 16]);
    expect(Buffer.from(bytes).subarray(stored!.offset, stored!.offset + stored!.sizeBytes!)).toEqual(
      source.subarray(offset, offset + sizeBytes),
    );
    expect(initializers.get('owlvit.vision_model.embeddings.class_embedding')!.stored).toBeUndefined();
  });

  it('of three gigabytes is read without its weights', async () => {
    const values = 3 * 2 ** 28;
    const head = new ProtoWriter().int(1, values).int(2, 1).string(8, 'w').finish();
    const length = (field: number, size: number) => {
      const bytes = [...new ProtoWriter().int(1, size).finish().subarray(1)];
      return Buffer.from([(field << 3) | 2, ...bytes]);
    };
    const raw = length(9, values * 4);
    const inner = new ProtoWriter().message(1, (part) => part.string(2, 'y').string(4, 'Relu')).finish();
    const weight = Buffer.concat([length(5, head.length + raw.length + values * 4), head, raw]);
    const graph = Buffer.concat([length(7, inner.length + weight.length + values * 4), inner, weight]);
    const path = join(await temporaryFolder(), 'model.onnx');
    const file = await open(path, 'w');
    await file.write(graph, 0);
    const end = new ProtoWriter();
    opset(end);
    await file.write(end.finish(), 0, undefined, graph.length + values * 4); // what is between is a hole in the file
    await file.close();
    const { initializers } = await readOnnx(path);
    expect(initializers.get('w')!.stored).toEqual({
      location: 'model.onnx',
      offset: graph.length,
      sizeBytes: values * 4,
    });
  });

  it('that is truncated anywhere is refused by name', async () => {
    const checkpoint = await readOwlCheckpoint(join(FIXTURES, 'models/owlvit-tiny'));
    const bytes = optimumExport(checkpoint, PLAIN);
    const path = join(await temporaryFolder(), 'model.onnx');
    for (let part = 0; part < 50; part++) {
      await writeFile(path, bytes.subarray(0, Math.floor((bytes.length * part) / 50)));
      await expect(readOnnx(path)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringContaining(`${path}: not a usable ONNX file: `) as string,
      });
    }
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'a web page',
      Buffer.from('<!DOCTYPE html><html><body>Not found</body></html>'),
      /wire type|past the message that contains it|field number/,
    ],
    ['nothing', new Uint8Array(), /no graph/],
    ['a length without end', Buffer.from([0x3a, ...Array<number>(9).fill(0xff), 0x01]), /out of range/],
    ['a number without end', Buffer.from([0x08, ...Array<number>(12).fill(0xff)]), /longer than ten bytes/],
    [
      'a weight of the wrong size',
      model(tensor((w) => w.int(1, 9000).int(2, 1).bytes(9, new Uint8Array(4096)))),
      /"w" has 4096 bytes, not 36000/,
    ],
    ['a weight of an invalid shape', model(tensor((w) => w.int(1, -5).int(2, 1))), /invalid shape/],
    [
      'a weight of a hundred dimensions',
      model(tensor((w) => Array.from({ length: 100 }, () => w.int(1, 1)))),
      /invalid shape/,
    ],
    [
      'a weight at an invalid offset',
      model(
        tensor((w) =>
          w
            .message(13, (e) => e.string(1, 'location').string(2, 'a'))
            .message(13, (e) => e.string(1, 'offset').string(2, '-1'))
            .int(14, 1),
        ),
      ),
      /invalid offset/,
    ],
    ['a weight in a file without a name', model(tensor((w) => w.int(14, 1))), /without its name/],
    ['graphs within graphs', model(nested(20)), /nested more than 8 deep/],
    ['sparse weights', model((graph) => graph.message(15, () => {})), /sparse weights/],
    ['no opset', new ProtoWriter().message(7, node).finish(), /declares no opset/],
  ])('with %s is refused by name', async (_, bytes, reason) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(
        new RegExp(`model\\.onnx: not a usable ONNX file: .*(${reason.source})`),
      ) as string,
    });
  });
});
