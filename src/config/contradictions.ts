import type { Problem } from './problems.js';
import type { Origin } from './sources.js';

/** Settings as one schema read them, and where each came from. Keys as users type them. */
export interface Merged {
  readonly values: Record<string, unknown>;
  readonly originOf: (key: string) => Origin;
  readonly nameOf: (key: string) => string; // as the source that set it calls it
}

/** Two options of which one undoes the other. */
interface Rivals {
  readonly keys: readonly [string, string];
  readonly clash: (a: unknown, b: unknown) => boolean;
}

const RIVALS: readonly Rivals[] = [
  { keys: ['quiet', 'verbose'], clash: (quiet, verbose) => quiet === true && verbose === true },
  { keys: ['class', 'ontology'], clash: (classes, ontology) => classes !== undefined && ontology !== undefined },
  { keys: ['nms', 'nms_iou'], clash: (nms) => nms === false },
  { keys: ['nms', 'class_agnostic_nms'], clash: (nms, agnostic) => nms === false && agnostic === true },
];

const PRECEDENCE: readonly Origin[] = ['default', 'config', 'environment', 'flag'];

/**
 * Of two options that undo each other the one from the stronger source wins: `--no-nms` beats the `nms_iou` of a config file.
 *
 * @returns The keys that lost, and what cannot be decided since one source says both.
 */
export function settleRivals({ values, originOf, nameOf }: Merged): { lost: string[]; problems: Problem[] } {
  const lost: string[] = [];
  const problems: Problem[] = [];
  for (const { keys, clash } of RIVALS) {
    const [a, b] = keys;
    const [rankA, rankB] = [PRECEDENCE.indexOf(originOf(a)), PRECEDENCE.indexOf(originOf(b))];
    if (rankA === 0 || rankB === 0 || !clash(values[a], values[b])) continue;
    if (rankA === rankB)
      problems.push({ message: `${nameOf(a)} and ${nameOf(b)} contradict each other.`, advice: 'Give one of them.' });
    else lost.push(rankA < rankB ? a : b);
  }
  return { lost, problems };
}

/** Settings that are fine alone and make no sense together. */
export function problemsTogether({ values, originOf, nameOf }: Merged): Problem[] {
  const problems: Problem[] = [];
  if (values['restart'] === true && originOf('resume') === 'flag') {
    problems.push({ message: '--resume and --restart contradict each other.', advice: 'Give one of them.' });
  }
  const [threshold, floor] = [values['score_threshold'], values['score_floor']];
  if (
    typeof threshold === 'number' &&
    typeof floor === 'number' &&
    threshold < floor &&
    originOf('score_threshold') !== 'default'
  ) {
    problems.push({
      message: `${nameOf('score_threshold')} is ${threshold}, but nothing is stored below the score_floor of ${floor}.`,
      advice: `Lower score_floor to ${threshold} too, or raise the threshold.`,
    });
  }
  const { optimizer, devices } = values;
  const isCudaOnly = optimizer === 'tensorrt' || optimizer === 'cudagraphs';
  if (
    isCudaOnly &&
    Array.isArray(devices) &&
    devices.some(({ provider }: { provider: string }) => provider !== 'cuda')
  ) {
    problems.push({
      message: `${nameOf('optimizer')} is ${optimizer}, which works on cuda devices only.`,
      advice: 'Name only cuda devices, or leave the optimizer at onnxrt.',
    });
  }
  return problems;
}
