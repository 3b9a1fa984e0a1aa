import type { Device } from '../core/device.js';
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

/** Tiles are cut from all pixels of an image, 3 bytes each, which must fit into one buffer of 2 GiB. */
const MOST_PIXELS_WITH_TILES = 715_000_000;

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
  const { tiles, max_pixels: maxPixels } = values;
  if (tiles !== undefined && typeof maxPixels === 'number' && maxPixels > MOST_PIXELS_WITH_TILES) {
    problems.push({
      message: `${nameOf('max_pixels')} is ${maxPixels}, but images that are cut into tiles may have ${MOST_PIXELS_WITH_TILES} pixels at most.`,
      advice: `Lower max_pixels to ${MOST_PIXELS_WITH_TILES}, or leave out tiles: larger images are then shrunk.`,
    });
  }
  return [...problems, ...devicesTogether({ values, originOf, nameOf })];
}

/** Ways of computing that some devices do not have. */
function devicesTogether({ values, nameOf }: Merged): Problem[] {
  const problems: Problem[] = [];
  const { optimizer, devices, precision } = values;
  if (precision === 'int8' && Array.isArray(devices) && devices.some(({ provider }: Device) => provider !== 'cpu')) {
    problems.push({
      message: `${nameOf('precision')} is int8, which is computed on a CPU only.`,
      advice: 'Use --precision fp16 on a GPU, or --device cpu.',
    });
  }
  const isCudaOnly = optimizer === 'tensorrt' || optimizer === 'cudagraphs';
  if (isCudaOnly && Array.isArray(devices) && devices.some(({ provider }: Device) => provider !== 'cuda')) {
    problems.push({
      message: `${nameOf('optimizer')} is ${optimizer}, which works on cuda devices only.`,
      advice: 'Name only cuda devices, or leave the optimizer at onnxrt.',
    });
  }
  return [...problems, ...problemsOfServing({ values, nameOf })];
}

function problemsOfServing({ values, nameOf }: Pick<Merged, 'values' | 'nameOf'>): Problem[] {
  const problems: Problem[] = [];
  const { timeout_sec: timeout, batching_timeout_sec: window, tls_cert: cert, tls_key: key } = values;
  if (typeof timeout === 'number' && typeof window === 'number' && timeout > 0 && window > timeout) {
    problems.push({
      message: `${nameOf('batching_timeout_sec')} is ${window}, but requests are given up after ${timeout} s (timeout_sec).`,
      advice: 'Let batches wait for less time: tenths of a second are much.',
    });
  }
  if ((cert === undefined) !== (key === undefined)) {
    problems.push({
      message: `${nameOf(cert === undefined ? 'tls_key' : 'tls_cert')} says half of what HTTPS needs.`,
      advice: 'Give both --tls-cert and --tls-key.',
    });
  }
  return problems;
}
