import { existsSync } from 'node:fs';
import { PreannotateError } from '../../core/errors.js';
import type { FeatureDtype } from '../../core/inference/feature-dtype.js';
import type { OntologyClass } from '../../core/ontology.js';
import { quoteForShell } from '../../core/text.js';
import type { JournalHeader } from '../header.js';
import { assertClassesKept, type KnownClasses } from '../numbers/classes.js';
import type { Difference } from './difference.js';
import { findOntologyDifferences } from './ontology-difference.js';
import { FEATURES_TYPE, findJobDifferences, otherJobError } from './same-job.js';

interface StoredFeatures {
  readonly folder: string; // as messages show it
  readonly dtype: FeatureDtype;
}

/** Where another job would keep its features and its results. */
interface Places {
  readonly outDir: string; // as messages show it
  readonly features: StoredFeatures | undefined;
}

/**
 * Refuses to add the results of one job to those of another, and names the differences; where only what is looked for
 * differs, it says how images are annotated again without their encoder.
 *
 * @param places.path - Of the journal.
 * @throws PreannotateError RESUME_MISMATCH
 */
export function assertSameOrOfferFeatures(
  before: JournalHeader,
  now: JournalHeader,
  places: Places & { readonly path: string },
): void {
  const found = findJobDifferences(before, now);
  if (found.length === 0) return;
  const inOntology = findOntologyDifferences(before.ontology, now.ontology).length;
  const isOtherType = found.some(isOfType);
  const isOffered = inOntology > 0 && found.length === inOntology + (isOtherType ? 1 : 0);
  const isFloat32 = isOtherType && places.features?.dtype === 'float32';
  const differences = isFloat32 ? found.map(describeAsFloat32) : found;
  const stored = 'Images whose features are stored in float32 are annotated into another folder without their encoder.';
  const onlyType = isFloat32 && found.length === 1 ? stored : undefined;
  const advice = isOffered ? describeOffer(places, { isOtherType, canRestart: true }) : onlyType;
  throw otherJobError(places.path, differences, advice);
}

/**
 * Refuses classes that would change a number, and says how images are annotated into another folder without their
 * encoder.
 *
 * @throws PreannotateError RESUME_MISMATCH
 */
export function assertClassesKeptOrOfferFeatures(
  known: KnownClasses,
  classes: readonly OntologyClass[],
  { places, before }: { places: Places; before: JournalHeader | undefined },
): void {
  try {
    assertClassesKept(known, classes);
  } catch (error) {
    if (!(error instanceof PreannotateError) || before === undefined) throw error;
    const failure = error.toFailure();
    const isOtherType = before.options.features !== undefined && places.features?.dtype !== 'float16';
    const offer = describeOffer(places, { isOtherType, canRestart: false });
    throw new PreannotateError({ ...failure, hint: `${failure.hint} ${offer}` });
  }
}

function isOfType(difference: Difference): boolean {
  return difference.kind === 'value' && difference.of === FEATURES_TYPE;
}

/** `first-2` for `first`, or the next number where that exists. */
function findFreeName(outDir: string): string {
  for (let number = 2; ; number++) if (!existsSync(`${outDir}-${number}`)) return `${outDir}-${number}`;
}

/** A journal does not say that boxes come from float32: they are the same without features. */
function describeAsFloat32(difference: Difference): Difference {
  if (difference.kind !== 'value' || difference.of !== FEATURES_TYPE) return difference;
  return { ...difference, is: '"float32"', finish: 'leave out --features-dtype' };
}

/** @param isOtherType - The folder was begun with features of a type that the command does not ask for. */
function describeOffer(
  { outDir, features }: Places,
  { isOtherType, canRestart }: { isOtherType: boolean; canRestart: boolean },
): string {
  const other = `--out ${quoteForShell(findFreeName(outDir))}`;
  const orRestart = canRestart ? ', with --restart into this one' : '';
  if (features !== undefined) {
    const type = isOtherType ? 'without --features-dtype and ' : '';
    return (
      `Images whose features are in ${features.folder} are annotated without their encoder: ` +
      `the same command ${type}with ${other} does it into another folder${orRestart}.`
    );
  }
  if (isOtherType) {
    return (
      'Images whose features the first run stored are annotated without their encoder: add --features with the ' +
      `folder it was made with; the same command with ${other} then does it into another folder${orRestart}.`
    );
  }
  return (
    `To try prompts in seconds, keep image features: the same command with --features features ${other} encodes each ` +
    'image a last time, and other prompts are then annotated without the encoder' +
    `${canRestart ? ', with --restart into that folder' : ''}.`
  );
}
