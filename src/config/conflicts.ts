import type { z } from 'zod';
import type { AnyConfig } from './schema.js';
import type { ConfigProblem } from './problems.js';
import type { Origin } from './sources.js';

/** Every option that a command may have, by key as users type it; undefined where the command does not have it. */
type Values = Partial<z.output<typeof AnyConfig>>;

type Key = keyof Values;

/** Settings as one schema parsed them, and where each came from. */
export interface MergedSettings {
  readonly values: Values;
  readonly originOf: (key: Key) => Origin;
  readonly nameOf: (key: Key) => string; // as the source that set it calls it: --nms-iou, or PREANNOTATE_NMS_IOU
}

/** Two options whose values cannot be used together. */
interface Rule {
  readonly keys: readonly [Key, Key];
  readonly clashes: (values: Values, isSet: (key: Key) => boolean, isFlag: (key: Key) => boolean) => boolean;
  /**
   * What is wrong, and how to fix it. Left out for options that exclude each other when both are set: the one from the
   * weaker source goes back to its default, as `--no-nms` overrules the `nms_iou` of a config file; one source must not
   * set both.
   */
  readonly problem?: (values: Values, nameOf: (key: Key) => string) => ConfigProblem;
}

/** Tiles are cut from all pixels of an image, 3 bytes each, which must fit into one buffer of 2 GiB. */
const MAX_PIXELS_WITH_TILES = 715_000_000;

const RULES: readonly Rule[] = [
  {
    keys: ['quiet', 'verbose'],
    clashes: ({ quiet, verbose }) => quiet === true && verbose === true,
  },
  {
    keys: ['class', 'ontology'],
    clashes: () => true,
  },
  {
    keys: ['limit', 'sample'],
    clashes: () => true,
  },
  ...(['limit', 'sample'] as const).map((key) => ({
    keys: ['retry_failed', key] as const,
    clashes: ({ retry_failed: retries }: Values, isSet: (key: Key) => boolean) => retries === true && isSet(key),
    problem: (_: Values, nameOf: (key: Key) => string) => ({
      message: `${nameOf('retry_failed')} annotates the images that failed, which ${nameOf(key)} would choose from.`,
      advice: `Leave out ${nameOf(key)}: all images that failed are tried again.`,
    }),
  })),
  ...(['limit', 'sample', 'shard', 'retry_failed'] as const).map((key) => ({
    keys: ['watch', key] as const,
    clashes: ({ watch }: Values, isSet: (key: Key) => boolean) => watch === true && isSet(key),
    problem: (_: Values, nameOf: (key: Key) => string) => ({
      message: `${nameOf('watch')} annotates all images that arrive, ${nameOf(key)} only some of those that are there.`,
      advice: `Leave out ${nameOf(key)}, or run the same command without ${nameOf('watch')} first.`,
    }),
  })),
  {
    keys: ['retry_failed', 'restart'],
    clashes: ({ retry_failed: retries, restart }) => retries === true && restart === true,
    problem: (_, nameOf) => ({
      message: `${nameOf('restart')} annotates all images again, ${nameOf('retry_failed')} only those that failed.`,
      advice: 'Give one of them.',
    }),
  },
  {
    keys: ['queue', 'features'],
    clashes: ({ queue, features }) => queue !== undefined && features !== undefined,
    problem: (_, nameOf) => ({
      message: `${nameOf('features')} is a folder of this machine, which workers of ${nameOf('queue')} do not use.`,
      advice: 'Leave out one of them. Machines that share a folder can use --features with --shard.',
    }),
  },
  {
    keys: ['features_write', 'features'],
    clashes: ({ features_write: writes, features }) => writes === true && features === undefined,
    problem: (_, nameOf) => ({
      message: `${nameOf('features_write')} needs a folder to write to.`,
      advice: 'Give --features <dir>.',
    }),
  },
  // In a config file, they are for those commands that are given a folder.
  ...(['features_dtype', 'features_max_bytes'] as const).map((key) => ({
    keys: [key, 'features'] as const,
    clashes: ({ features }: Values, _: (key: Key) => boolean, isFlag: (key: Key) => boolean) => {
      return features === undefined && isFlag(key);
    },
    problem: (_: Values, nameOf: (key: Key) => string) => ({
      message: `${nameOf(key)} has no effect without --features.`,
      advice: 'Give --features <dir>, or leave it out.',
    }),
  })),
  {
    keys: ['features_max_bytes', 'features_write'],
    clashes: ({ features, features_write: writes }, _, isFlag) => {
      return features !== undefined && writes === false && isFlag('features_max_bytes'); // run has no features_write
    },
    problem: (_, nameOf) => ({
      message: `${nameOf('features_max_bytes')} has no effect on a folder that is only read.`,
      advice: 'Give --features-write too, or leave it out.',
    }),
  },
  {
    keys: ['accept_missing', 'keep_missing'],
    clashes: ({ accept_missing: accepts, keep_missing: keeps }) => accepts === true && keeps === true,
  },
  {
    keys: ['nms', 'nms_iou'],
    clashes: ({ nms }) => nms === false,
  },
  {
    keys: ['nms', 'class_agnostic_nms'],
    clashes: ({ nms, class_agnostic_nms: isAgnostic }) => nms === false && isAgnostic === true,
  },
  {
    keys: ['resume', 'restart'],
    clashes: ({ restart }) => restart === true,
  },
  {
    keys: ['score_threshold', 'score_floor'],
    clashes: ({ score_threshold: threshold = 1, score_floor: floor = 0 }, isSet) => {
      return isSet('score_threshold') && threshold < floor;
    },
    problem: ({ score_threshold: threshold, score_floor: floor }, nameOf) => ({
      ...describeBelowFloor(nameOf('score_threshold'), threshold!, floor!),
      advice: `Lower score_floor to ${threshold!} too, or raise the threshold.`,
    }),
  },
  {
    keys: ['max_pixels', 'tiles'],
    clashes: ({ max_pixels: maxPixels = 0, tiles }) => tiles !== undefined && maxPixels > MAX_PIXELS_WITH_TILES,
    problem: ({ max_pixels: maxPixels }, nameOf) => ({
      message:
        `${nameOf('max_pixels')} is ${maxPixels!}, but images that are cut into tiles ` +
        `may have ${MAX_PIXELS_WITH_TILES} pixels at most.`,
      advice: `Lower max_pixels to ${MAX_PIXELS_WITH_TILES}, or leave out tiles: larger images are then shrunk.`,
    }),
  },
  {
    keys: ['precision', 'devices'],
    clashes: ({ precision, devices }) => precision === 'int8' && hasOtherThan('cpu', devices),
    problem: (_, nameOf) => ({
      message: `${nameOf('precision')} is int8, which runs on a CPU only.`,
      advice: 'Use --precision fp16 on a GPU, or --device cpu.',
    }),
  },
  {
    keys: ['optimizer', 'devices'],
    clashes: ({ optimizer, devices }) => {
      return (optimizer === 'tensorrt' || optimizer === 'cudagraphs') && hasOtherThan('cuda', devices);
    },
    problem: ({ optimizer }, nameOf) => ({
      message: `${nameOf('optimizer')} is ${optimizer!}, which works on cuda devices only.`,
      advice: 'Name only cuda devices, or leave the optimizer at onnxrt.',
    }),
  },
  {
    keys: ['optimizer', 'devices'],
    clashes: ({ optimizer, devices }) => optimizer === 'shared-weights' && hasOtherThan('cpu', devices),
    problem: (_, nameOf) => ({
      message: `${nameOf('optimizer')} is shared-weights, which works on a CPU only.`,
      advice: 'Use --device cpu, or leave the optimizer at onnxrt.',
    }),
  },
  {
    keys: ['optimizer', 'precision'],
    clashes: ({ optimizer, precision = 'auto' }) => {
      return optimizer === 'shared-weights' && !['auto', 'fp32'].includes(precision);
    },
    problem: ({ precision }, nameOf) => ({
      message: `${nameOf('optimizer')} is shared-weights, which is for fp32, and the precision is ${precision!}.`,
      advice: 'Use --precision fp32, or leave the optimizer at onnxrt: int8 without other layouts is 15 % slower.',
    }),
  },
  {
    keys: ['batching_timeout_sec', 'timeout_sec'],
    clashes: ({ batching_timeout_sec: batching = 0, timeout_sec: timeout = 0 }) => timeout > 0 && batching > timeout,
    problem: ({ batching_timeout_sec: batching, timeout_sec: timeout }, nameOf) => ({
      message:
        `${nameOf('batching_timeout_sec')} is ${batching!}, but requests fail after ${timeout!} s ` + '(timeout_sec).',
      advice: 'Lower batching_timeout_sec: a few hundredths of a second are usually enough.',
    }),
  },
  {
    keys: ['tls_cert', 'tls_key'],
    clashes: ({ tls_cert: cert, tls_key: key }) => (cert === undefined) !== (key === undefined),
    problem: ({ tls_cert: cert }, nameOf) => ({
      message: `${nameOf(cert === undefined ? 'tls_key' : 'tls_cert')} is only half of what HTTPS needs.`,
      advice: 'Give both --tls-cert and --tls-key.',
    }),
  },
];

/** @param name - Of the threshold, as the source that set it calls it. */
export function describeBelowFloor(name: string, threshold: number, floor: number): ConfigProblem {
  return { message: `${name} is ${threshold}, but nothing is stored below the score_floor of ${floor}.` };
}

const PRECEDENCE: readonly Origin[] = ['default', 'config', 'environment', 'flag'];

/**
 * @returns The keys that go back to their defaults, since an option that excludes them comes from a stronger source.
 */
export function findOverruled(merged: MergedSettings): Key[] {
  const rankOf = (key: Key) => PRECEDENCE.indexOf(merged.originOf(key));
  return findClashes(merged).flatMap(({ keys: [a, b], problem }) => {
    if (problem !== undefined || rankOf(a) === rankOf(b)) return [];
    return rankOf(a) < rankOf(b) ? [a] : [b];
  });
}

/** @returns A problem for each rule that the settings break; call it when overruled options are at their defaults. */
export function findConflicts(merged: MergedSettings): ConfigProblem[] {
  const { values, nameOf } = merged;
  return findClashes(merged).map(({ keys: [a, b], problem }) => {
    if (problem !== undefined) return problem(values, nameOf);
    return { message: `${nameOf(a)} and ${nameOf(b)} contradict each other.`, advice: 'Give one of them.' };
  });
}

function findClashes({ values, originOf }: MergedSettings): Rule[] {
  const isSet = (key: Key) => originOf(key) !== 'default';
  const isFlag = (key: Key) => originOf(key) === 'flag';
  return RULES.filter(({ keys, clashes, problem }) => {
    return clashes(values, isSet, isFlag) && (problem !== undefined || keys.every(isSet));
  });
}

function hasOtherThan(provider: string, devices: Values['devices']): boolean {
  return devices !== undefined && devices !== 'auto' && devices.some((device) => device.provider !== provider);
}
