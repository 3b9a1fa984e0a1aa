import { z } from 'zod';
import type { Ontology, OntologyClass } from '../core/ontology.js';
import { NMS_IOU, type Selection } from '../core/select.js';
import { pickSettings, type Loaded, type Settings } from './load.js';
import { selectionOptions } from './options/selection.js';
import { describeIssues, problemsError, formatPath } from './problems.js';
import { camelOf } from './flags.js';

type SelectionConfig = z.ZodObject<typeof selectionOptions>;

type Options = Settings<SelectionConfig>;

/** Which detections are shown, as options state it: for any ontology. */
export type StatedSelection = Omit<Options, 'nms' | 'nmsIou'> & {
  // `scoreThreshold` was set for this call and so precedes the ontology's, not a class's
  readonly overridesOntology: boolean;
  readonly nmsIou: number | 'auto' | null; // null: no suppression; auto: not set, so each class has its own
};

const AUTO = 'auto';

type Keys = readonly (keyof Options)[];

const KEYS = Object.keys(selectionOptions).map(camelOf) as unknown as Keys;

const { score_threshold, nms_iou, nms: _, ...others } = selectionOptions;

/**
 * As run.json and the journal's first line hold it: an option that a run did not have yet is at its default. Earlier
 * versions stored `nms_iou` also where it was not set, so there it counts as set: their boxes stay as they are.
 */
const StoredSelection = z.object({
  score_threshold,
  overrides_ontology: z.boolean(),
  nms_iou: z.exactOptional(nms_iou.unwrap().nullable()),
  ...others,
});

/** Of the stored selection, by the names that earlier versions wrote: `scoreThreshold`. */
const STORED_KEYS = new Map(Object.keys(StoredSelection.shape).map((key) => [camelOf(key), key]));

/** The options that decide a key which is not named as its option. */
const DECIDED_BY: Readonly<Record<string, Keys>> = {
  overridesOntology: ['scoreThreshold'],
  nmsIou: ['nms', 'nmsIou'],
};

/**
 * The selection of a command. A threshold set for this call precedes the ontology's; one from a config file does not.
 */
export function selectionOf({ settings, given }: Loaded<SelectionConfig>): StatedSelection {
  const { scoreThreshold, nms, nmsIou, ...others } = pickSettings(settings, KEYS);
  const overridesOntology = given.scoreThreshold === 'flag' || given.scoreThreshold === 'environment';
  return { scoreThreshold, overridesOntology, nmsIou: nms ? (nmsIou ?? AUTO) : null, ...others };
}

/** The selection in the form of run.json: what is set, and what is in force for each class, by its name. */
export function toStoredSelection(stated: StatedSelection, ontology: Ontology): Record<string, unknown> {
  const { thresholds, nmsIou } = resolveSelection(stated, ontology);
  const set = Object.entries(stated).filter(([, value]) => value !== AUTO);
  const byName = (values: readonly number[]) =>
    Object.fromEntries(ontology.classes.map(({ name }, classId) => [name, values[classId]!]));
  return {
    ...Object.fromEntries(set.map(([key, value]) => [STORED_KEYS.get(key) ?? key, value] as const)),
    thresholds: byName(thresholds),
    ...(nmsIou === null ? {} : { nms_ious: byName(nmsIou) }),
  };
}

/**
 * The selection that run.json holds. What is in force for each class is not read: it follows from the rest.
 *
 * @throws PreannotateError JOURNAL_DAMAGED naming each value that it cannot have
 */
export function readStoredSelection(stored: Readonly<Record<string, unknown>>): StatedSelection {
  const renamed = Object.entries(stored).map(([key, value]) => [STORED_KEYS.get(key) ?? key, value] as const);
  const result = StoredSelection.safeParse(Object.fromEntries(renamed), { reportInput: true });
  if (!result.success) {
    const subject = (path: readonly PropertyKey[]) => `run.json: ${formatPath(['selection', ...path])}`;
    const problems = describeIssues(result.error, { subject, whereKey: subject, knownKeys: () => [] });
    const advice = 'Correct the file, or give the same `preannotate run` again: it writes the file anew.';
    throw problemsError(
      'JOURNAL_DAMAGED',
      problems.map((problem) => ({ ...problem, advice })),
    );
  }
  const entries = Object.entries(result.data).map(([key, value]) => [camelOf(key), value] as const);
  return { nmsIou: AUTO, ...Object.fromEntries(entries) } as unknown as StatedSelection;
}

/** The selection of a finished run, changed by what a command sets. */
export function changeSelection(stored: StatedSelection, loaded: Loaded<SelectionConfig>): StatedSelection {
  const isSet = (key: string) =>
    (DECIDED_BY[key] ?? [key as keyof Options]).some((by) => loaded.given[by] !== 'default');
  const set = Object.entries(selectionOf(loaded)).filter(([key]) => isSet(key));
  return { ...stored, ...Object.fromEntries(set) };
}

/** The options of a request; what is left out is as the server was started. */
export function applyRequest(
  { nms, nms_iou: nmsIou, score_threshold: scoreThreshold, ...others }: Partial<z.output<SelectionConfig>>,
  started: StatedSelection,
): StatedSelection {
  const suppresses = nms ?? started.nmsIou !== null;
  const entries = Object.entries(others).map(([key, value]) => [camelOf(key), value] as const);
  return {
    ...started,
    ...Object.fromEntries(entries),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold, overridesOntology: true }),
    nmsIou: suppresses ? (nmsIou ?? started.nmsIou ?? AUTO) : null,
  };
}

/** The selection for one ontology: with the threshold of each class, and with how much its boxes may overlap. */
export function resolveSelection(stated: StatedSelection, ontology: Ontology): Selection {
  const { scoreThreshold, overridesOntology, nmsIou, ...others } = stated;
  const common = overridesOntology ? scoreThreshold : (ontology.threshold ?? scoreThreshold);
  return {
    ...others,
    thresholds: ontology.classes.map(({ threshold }) => threshold ?? common),
    nmsIou: nmsIou === null ? null : ontology.classes.map((one) => (nmsIou === AUTO ? defaultNmsIou(one) : nmsIou)),
  };
}

function defaultNmsIou({ examples = [] }: OntologyClass): number {
  return examples.length > 0 ? NMS_IOU.examples : NMS_IOU.prompts;
}
