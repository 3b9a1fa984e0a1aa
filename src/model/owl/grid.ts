import type { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';
import type { ImageSize } from '../artifact.js';
import { lengthOf, shapeOf, type Length } from '../../onnx/graph-shape.js';

/** The patches of the model's input: a row is `columns` wide. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** The upper left part that a run gives, where graphs take such: what is learnt or computed for a patch stays. */
  readonly part?: { readonly rows: Value; readonly columns: Value; readonly patches: Value };
}

/** @param pixels - [N, H, W, 3]; with `isPart`, at most of `size`, and of whole patches. */
export function gridOf(graph: Graph, pixels: Value, input: { size: ImageSize; patch: number; isPart: boolean }): Grid {
  const { size, patch, isPart } = input;
  const grid = { rows: Math.floor(size.height / patch), columns: Math.floor(size.width / patch) };
  if (!isPart) return grid;
  const shape = graph.op('Shape', [pixels]);
  const count = (axis: number) => {
    const length = graph.op('Slice', [shape, graph.ints([axis]), graph.ints([axis + 1])]);
    return graph.op('Div', [length, graph.ints([patch])]);
  };
  const [rows, columns] = [count(1), count(2)];
  return { ...grid, part: { rows, columns, patches: graph.op('Mul', [rows, columns]) } };
}

/** Rows, columns and patches of a run. */
export function lengthsOf({ rows, columns, part }: Grid): { rows: Length; columns: Length; patches: Length } {
  return part ?? { rows, columns, patches: rows * columns };
}

/** Of values for all patches, [P, width], those of the part that a run gives. */
export function takePart(graph: Graph, values: Value, { grid, width }: { grid: Grid; width: number }): Value {
  const { rows, columns, part } = grid;
  if (part === undefined) return values;
  const square = graph.op('Reshape', [values, graph.ints([rows, columns, width])]);
  const ends = graph.op('Concat', [part.rows, part.columns], { axis: 0 });
  const taken = graph.op('Slice', [square, graph.ints([0, 0]), ends, graph.ints([0, 1])]);
  return graph.op('Reshape', [taken, shapeOf(graph, [part.patches, width])]);
}

/** Patches and the class token before them. */
export function countTokens(graph: Graph, { patches }: { patches: Length }): Length {
  return typeof patches === 'number' ? patches + 1 : graph.op('Add', [lengthOf(graph, patches), graph.ints([1])]);
}
