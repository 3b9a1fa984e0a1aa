import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutExport } from '../../../src/model/export/cut.js';
import { Graph } from '../../../src/onnx/graph.js';
import type { Value } from '../../../src/onnx/messages.js';
import { readOnnx } from '../../../src/onnx/read-model.js';
import { temporaryFolder } from '../../support/temporary.js';

/** What a small graph in the manner of an export does otherwise than an export. */
interface Oddity {
  readonly opset?: number;
  readonly textSizes?: readonly (number | string)[];
  readonly lookup?: (graph: Graph, ids: Value, table: Value) => Value;
  readonly join?: (graph: Graph, similarity: Value, text: { looked: Value; projected: Value }) => Value;
  readonly finish?: (graph: Graph) => void;
  readonly outputs?: readonly string[];
}

/** Texts [Q] as means of their tokens, projected and normalised; images as means of their pixels. */
async function cut(odd: Oddity) {
  const graph = new Graph({ irVersion: 8, opsets: new Map([['', odd.opset ?? 17]]), prefix: 'n' });
  const ids = graph.input('input_ids', 'int64', odd.textSizes ?? ['Q', 'L']);
  const pixels = graph.input('pixel_values', 'float32', ['N', 3, 'H', 'W']);
  const lookup = odd.lookup ?? ((_, index, table) => graph.op('Gather', [table, index]));
  const looked = lookup(graph, ids, graph.floats(Array<number>(20).fill(1), [5, 4]));
  const pooled = graph.op('ReduceMean', [looked, graph.ints([1])], { keepdims: 0 });
  const projected = graph.op('MatMul', [pooled, graph.floats(Array<number>(16).fill(1), [4, 4])]);
  const unit = graph.op('Div', [projected, graph.op('ReduceL2', [projected, graph.ints([-1])])]);
  const images = graph.op('ReduceMean', [pixels, graph.ints([2])], { keepdims: 0 }); // [N, 3, W], W is 4
  const similarity = graph.op('MatMul', [images, graph.op('Transpose', [unit], { perm: [1, 0] })]);
  const logits = odd.join?.(graph, similarity, { looked, projected }) ?? similarity;
  odd.finish?.(graph);
  for (const name of odd.outputs ?? ['logits', 'pred_boxes']) {
    graph.output(name, name === 'logits' ? logits : images, { type: 'float32', shape: ['N', 'P', 'Q'] });
  }
  const path = join(await temporaryFolder(), 'model.onnx');
  await writeFile(path, graph.toBytes());
  const model = await readOnnx(path);
  return { ...cutExport(model), unit };
}

describe('an export', () => {
  it('is cut where texts have been projected and normalised', async () => {
    const { embedding, unit, text, image } = await cut({});
    expect(embedding).toBe(unit);
    expect(image.nodes.some((node) => text.nodes.includes(node))).toBe(false);
  });

  it('is cut there too when nothing but a count of texts reaches the image beside it', async () => {
    const counted = await cut({
      join: (graph, similarity, { projected }) => {
        const texts = graph.op('Gather', [graph.op('Shape', ['input_ids']), graph.ints([0], [])]);
        const shape = graph.op('Concat', [graph.ints([-1]), graph.op('Unsqueeze', [texts, graph.ints([0])])], {
          axis: 0,
        });
        expect(projected).not.toBe('');
        return graph.op('Reshape', [similarity, shape]);
      },
    });
    expect(counted.embedding).toBe(counted.unit);
    expect(counted.image.reads).toContain('input_ids');
  });

  it.each<[string, Oddity, RegExp]>([
    ['an opset that is too old', { opset: 10 }, /opset is 10; 11 is the oldest/],
    ['no boxes', { outputs: ['logits'] }, /no output "pred_boxes"/],
    ['texts of one length', { textSizes: ['Q', 16] }, /"input_ids" is \[\?,16\]/],
    [
      'an input of another model',
      { finish: (graph) => graph.input('pixel_mask', 'int64', ['N']) },
      /an input "pixel_mask"/,
    ],
    [
      'a value that is called as ours are',
      { finish: (graph) => graph.name('scores', 'input_ids') },
      /a value "scores"/,
    ],
    [
      'no table of tokens',
      { lookup: (graph, ids) => graph.op('Unsqueeze', [graph.op('Cast', [ids], { to: 1 }), graph.ints([2])]) },
      /no node looks "input_ids" up/,
    ],
    [
      'logits without texts',
      { join: (graph) => graph.op('ReduceMax', ['pixel_values', graph.ints([1])], { keepdims: 0 }) },
      /"logits" does not compare texts with an image/,
    ],
    [
      'a second way from the tokens to the image',
      {
        join: (graph, similarity, { looked }) =>
          graph.op('Add', [similarity, graph.op('ReduceMax', [looked, graph.ints([0, 1, 2])], { keepdims: 0 })]),
      },
      /no edge that all of the text passes|needs more of the text encoder/,
    ],
  ])('with %s is refused', async (_, oddity, reason) => {
    await expect(cut(oddity)).rejects.toThrow(reason);
  });

  it('whose nodes are in no order of computation is refused', async () => {
    await expect(cut({ finish: (graph) => graph.op('Relu', ['nowhere']) })).rejects.toThrow(
      /\(Relu\) reads "nowhere", which no earlier node computes/,
    );
  });
});
