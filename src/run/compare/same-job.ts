import { capitalised } from '../../core/text.js';
import { PreannotateError } from '../../core/errors.js';
import type { Fit, Positions } from '../../core/inference/input-form.js';
import { hasSeveralTexts } from '../../core/ontology.js';
import type { JournalHeader, StoredOptions } from '../header.js';
import { describeDifferences, findDifferences, type Difference } from './difference.js';
import { findOntologyDifferences } from './ontology-difference.js';

/** A header that says how images were fitted. @param unrecorded - What a header that does not say it means. */
export function withFit(header: JournalHeader, unrecorded: Fit): JournalHeader {
  const { options } = header;
  return { ...header, options: { ...options, fit: options.fit ?? unrecorded } };
}

/**
 * Why the results of one job are not added to those of another.
 *
 * @param advice - What follows the ways to go on.
 */
export function otherJobError(path: string, differences: readonly Difference[], advice?: string): PreannotateError {
  return new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} belongs to another job. ${describeDifferences(differences)}`,
    hint: [adviseOn(differences), advice].filter((text) => text !== undefined).join(' '),
  });
}

/**
 * What of two jobs decides the model's answers and differs. Thresholds may differ: they are applied later. So may the
 * spelling of prompts where the model is asked the same.
 */
export function findJobDifferences(before: JournalHeader, now: JournalHeader): Difference[] {
  return [
    ...findDifferences(modelParts(before), modelParts(now)),
    ...findOptionDifferences(before, now),
    ...findOntologyDifferences(before.ontology, now.ontology),
    ...findMeanDifference(before, now),
    ...findObjectnessDifference(before, now),
    ...findFitDifference(before, now),
    ...findRuleDifference(before, now),
    ...findPositionsDifference(before, now),
    ...findFeaturesDifference(before, now),
    ...findAttentionDifference(before, now),
  ];
}

/** The ways to go on: the job as it was begun, where flags restore it, or the other one. */
function adviseOn(differences: readonly Difference[]): string {
  const ways = new Set(differences.flatMap(({ finish = [] }) => finish));
  const canFinish = differences.every(({ finish }) => finish !== undefined);
  if (!canFinish) return `Give another --out folder, ${RESTART}, or run the first job again.`;
  const way = ways.has(EARLIER_VERSION) ? EARLIER_VERSION : [...ways].join(', and ');
  const finish = `${capitalised(way)} to finish it as it was begun`;
  return `${finish}, give another --out folder, or ${RESTART}.`;
}

const RESTART =
  'use --restart to annotate everything again, which keeps the numbers of images and classes, and the files that you ' +
  'edited';

/** Options that have a function of their own here: what is missing has a meaning, or there is a way to finish. */
const COMPARED_APART = new Set([
  ...['template_mean', 'fit', 'example_rule', 'positions', 'min_objectness', 'features', 'attention'],
]);

function modelParts({ journal, model }: JournalHeader): Record<string, unknown> {
  return {
    'version of the journal': journal,
    'model (SHA-256 of its weights)': model.sha256,
    'model (hash of its configuration and tokenizer)': model.key,
  };
}

function findOptionDifferences(before: JournalHeader, now: JournalHeader): Difference[] {
  // How many detections are stored follows from whether there are tiles.
  const isCutOtherwise = (before.options.tiles === undefined) !== (now.options.tiles === undefined);
  const isCompared = (key: string) => !COMPARED_APART.has(key) && !(isCutOtherwise && key === 'max_stored');
  const partsOf = ({ options }: JournalHeader): Record<string, unknown> => ({
    ...Object.fromEntries(Object.entries(options).filter(([key]) => isCompared(key))),
    precision: options.precision ?? 'fp32',
  });
  return findDifferences(partsOf(before), partsOf(now)).map((difference) => {
    const finish = difference.kind === 'value' ? adviseOption(difference.of, before.options) : undefined;
    return finish === undefined ? difference : { ...difference, finish };
  });
}

/** What to add or leave out so that an option is as it was; undefined for keys that no option decides. */
function adviseOption(key: string, was: StoredOptions): string | undefined {
  switch (key) {
    case 'precision':
      return `add --precision ${was.precision ?? 'fp32'}`;
    case 'image_size':
      return was.image_size === 'native' ? 'leave out --image-size' : `add --image-size ${was.image_size.join(',')}`;
    case 'tiles':
      return was.tiles === undefined ? 'leave out --tiles' : `add --tiles ${toTilesFlag(was.tiles)}`;
    case 'score_floor':
      return `add --score-floor ${was.score_floor}`;
    case 'max_pixels':
      return `add --max-pixels ${was.max_pixels}`;
    case 'max_bytes':
      return `add --max-bytes ${was.max_bytes}`;
    case 'strict_images':
      return `${was.strict_images ? 'add' : 'leave out'} --strict-images`;
    case 'allow_truncate':
      return `${was.allow_truncate ? 'add' : 'leave out'} --allow-truncate`;
    default:
      return undefined;
  }
}

function toTilesFlag({ size, overlap, full_image: isWhole }: StoredOptions['tiles'] & object): string {
  return `${size.join(',')},overlap=${overlap},full_image=${isWhole ? 'yes' : 'no'}`;
}

function findObjectnessDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const [was, is] = [before, now].map(({ options: { min_objectness: limit } }) =>
    limit === undefined ? {} : { min_objectness: limit },
  );
  return withFinish(findDifferences(was!, is!), `add --min-objectness ${was!.min_objectness ?? 0}`);
}

function findFitDifference({ options: { fit: was } }: JournalHeader, { options: { fit: is } }: JournalHeader) {
  return withFinish(findDifferences({ fit: was }, { fit: is }), `add --fit ${String(was)}`);
}

/** Version 0.1 knew no other rule than that of transformers. */
function findRuleDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const [was, is] = [before, now].map(({ options }) => options.example_rule ?? 'transformers');
  return withFinish(findDifferences({ example_rule: was }, { example_rule: is }), `add --example-rule ${String(was)}`);
}

function findPositionsDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const [was, is] = [before, now].map(({ options }): Positions => options.positions ?? 'interpolate');
  const finish = `add --positions ${was === 'slice' ? 'auto' : 'interpolate'}`;
  return withFinish(findDifferences({ positions: was }, { positions: is }), finish);
}

export const FEATURES_TYPE = 'type of the features that boxes come from';

/** Boxes from features in float16 and others are not the same. */
function findFeaturesDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const [was, is] = [before, now].map(({ options: { features } }) => features?.dtype);
  const finish =
    was === undefined ? 'leave out --features' : `add --features with a folder, and --features-dtype ${was}`;
  return withFinish(findDifferences({ [FEATURES_TYPE]: was }, { [FEATURES_TYPE]: is }), finish);
}

/** Of two jobs in int8 with the same fit, which decides it too; another precision or fit is a difference of its own. */
function findAttentionDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const [was, is] = [before, now].map(({ options }) => options);
  if (was!.precision !== 'int8' || is!.precision !== 'int8' || was!.fit !== is!.fit) return [];
  const [attention, later] = [was, is].map((options) => options!.attention ?? 'float32');
  return withFinish(findDifferences({ attention }, { attention: later }), EARLIER_VERSION);
}

function withFinish(differences: readonly Difference[], finish: string): Difference[] {
  return differences.map((difference) => ({ ...difference, finish }));
}

const EARLIER_VERSION = 'use the version of preannotate that began it';

function findMeanDifference(before: JournalHeader, now: JournalHeader): Difference[] {
  const isSame = before.options.template_mean === now.options.template_mean;
  if (isSame || !hasSeveralTexts(before.ontology) || !hasSeveralTexts(now.ontology)) return [];
  return [
    {
      kind: 'value',
      of: 'the mean over templates',
      was: `that of ${describeMean(before)}`,
      is: `that of ${describeMean(now)}`,
      finish: EARLIER_VERSION,
    },
  ];
}

function describeMean({ options }: JournalHeader): string {
  return options.template_mean ?? 'embeddings, normalised again';
}
