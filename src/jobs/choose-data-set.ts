import type { Loaded } from '../config/load.js';
import { problemsError } from '../config/problems.js';
import type { ExportConfig, MergeConfig, RunConfig } from '../config/schema.js';
import { ALL_NEGATIVES } from '../core/data-set/negatives.js';
import type { SplitRule } from '../core/data-set/split.js';
import type { StoredViewOptions } from '../run/view-options.js';

type LoadedSplit = Loaded<typeof RunConfig> | Loaded<typeof ExportConfig> | Loaded<typeof MergeConfig>;

/** How the images of a run are divided, and which of them are written. */
interface DataSetChoice {
  readonly split?: SplitRule;
  readonly reassign: boolean;
  readonly negatives: number;
  readonly upright: boolean;
  readonly onlyReviewed: boolean;
}

/**
 * As the folder has it, except for options set on this call.
 *
 * @throws PreannotateError CONFIG_INVALID when options concern a division, and there is none.
 */
export function chooseDataSet(stored: StoredViewOptions, loaded: LoadedSplit): DataSetChoice {
  const { settings, given } = loaded;
  const negatives = given.negatives === 'default' ? (stored.negatives ?? ALL_NEGATIVES) : settings.negatives;
  const upright = given.writeUpright === 'default' ? stored.upright === true : settings.writeUpright;
  const onlyReviewed = given.onlyReviewed === 'default' ? stored.only_reviewed === true : settings.onlyReviewed;
  return { ...chooseSplit(stored.split, loaded), negatives, upright, onlyReviewed };
}

function chooseSplit(stored: SplitRule | undefined, loaded: LoadedSplit): Pick<DataSetChoice, 'split' | 'reassign'> {
  const { settings, given } = loaded;
  const { split: asked, splitBy, splitSeed, reassign } = settings;
  const shares = asked === undefined ? stored?.shares : asked === 'none' ? undefined : asked;
  if (shares === undefined) {
    assertNoDetails(loaded);
    return { reassign: false };
  }
  const by = given.splitBy === 'default' ? (stored?.by ?? splitBy) : splitBy;
  const seed = given.splitSeed === 'default' ? (stored?.seed ?? splitSeed) : splitSeed;
  return { split: { shares, by, seed }, reassign };
}

/** A config file may state how images are divided once they are. */
function assertNoDetails({ given, nameOf }: LoadedSplit): void {
  const details = [
    ['split_by', given.splitBy],
    ['split_seed', given.splitSeed],
    ['reassign', given.reassign],
  ] as const;
  const problems = details
    .filter(([, origin]) => origin === 'flag')
    .map(([key]) => ({
      message: `${nameOf(key)} says how images are divided, but they are not.`,
      advice: 'Give --split as well, for example --split train=0.8,val=0.1,test=0.1.',
    }));
  if (problems.length > 0) throw problemsError('CONFIG_INVALID', problems);
}
