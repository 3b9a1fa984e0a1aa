import type { Attribute, Value } from './messages.js';

/** The part of a graph that adds operators. */
interface OperatorGraph {
  op(type: string, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>): Value;
}

/** An operator to be added, in the form of opset 19. */
interface Operator {
  readonly type: string;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** The first opset in which an operator takes its axes as an input; before, they are an attribute. */
const AXES_ARE_INPUT_FROM: Readonly<Record<string, number>> = {
  ...{ Squeeze: 13, Unsqueeze: 13, ReduceSum: 13 },
  ...{ ReduceL2: 18, ReduceMax: 18, ReduceMean: 18 },
};

const MIN_TAKES_INTEGERS_FROM = 12;

/**
 * The form of an operator in an older opset, if it differs. Covers the operators that are spliced into exports.
 *
 * @param constantOf - The integers of a value that is a constant.
 * @see https://github.com/onnx/onnx/blob/main/docs/Changelog.md
 */
export function toOlderForm(
  { type, inputs, attributes }: Operator,
  opset: number,
  constantOf: (value: Value) => readonly number[] | undefined,
): ((graph: OperatorGraph) => Value) | undefined {
  const [first, second] = inputs;
  if (first === undefined || second === undefined) return undefined;
  if (opset < (AXES_ARE_INPUT_FROM[type] ?? 0)) {
    const axes = constantOf(second);
    if (axes === undefined) throw new Error(`the axes of ${type} are not known. This is a bug.`);
    return (graph) => graph.op(type, [first], { ...attributes, axes });
  }
  if (type === 'Min' && opset < MIN_TAKES_INTEGERS_FROM) {
    return (graph) => graph.op('Where', [graph.op('Less', [first, second]), first, second]);
  }
  return undefined;
}
