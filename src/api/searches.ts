import { z } from 'zod';
import { describeBelowFloor } from '../config/conflicts.js';
import { camelOf } from '../config/flags.js';
import { ontologyOfProgram } from '../config/load.js';
import { loadOntology, type LoadedOntology } from '../config/ontology/load-ontology.js';
import { locateOntology } from '../config/ontology/shipped.js';
import { selectionFields } from '../config/options/selection.js';
import { describeIssues, formatPath, problemsError } from '../config/problems.js';
import { applyRequest, resolveSelection, type StatedSelection } from '../config/selection.js';
import { PreannotateError } from '../core/errors.js';
import { LruMap } from '../core/lru.js';
import { buildOntology, type Ontology } from '../core/ontology.js';
import type { Selection } from '../core/select.js';
import type { EngineJob } from '../workers/start-engine.js';
import type { DetectOptions } from './detector-types.js';

/** As many as workers keep; with 500 prompts each, their embeddings take 64 MB. */
const MAX_ONTOLOGIES = 64;

/** The keys of the schema's fields, by the names that programs use. */
const NAMES = new Map(Object.keys(selectionFields).map((key) => [camelOf(key), key]));
const Fields = z.strictObject(selectionFields);

/** What to find in an image, and which boxes of it to give. */
export interface Search {
  readonly ontology: Ontology;
  readonly selection: Selection;
}

/** What the calls of a detector ask for. An equal ontology is the same object again: its prompts are encoded once. */
export class Searches {
  readonly #job: EngineJob & { readonly statedSelection: StatedSelection };
  readonly #known = new LruMap<string, Ontology>(MAX_ONTOLOGIES);

  constructor(job: EngineJob & { readonly statedSelection: StatedSelection }) {
    this.#job = job;
  }

  /** @throws PreannotateError CONFIG_INVALID, ONTOLOGY_INVALID, USAGE where there is nothing to find */
  async read({ ontology: asked, ...options }: Omit<DetectOptions, 'signal'>): Promise<Search> {
    const { ontology: own, statedSelection: opened, worker } = this.#job;
    const fields = readFields(options);
    assertKept(fields, worker);
    if (asked === undefined && own.classes.length === 0) throw noOntologyError();
    const ontology = asked === undefined ? own : await this.#load(asked);
    // The threshold that the detector was opened with precedes that of its own ontology only.
    const base = ontology === own ? opened : { ...opened, overridesOntology: false };
    return { ontology, selection: resolveSelection(applyRequest(fields, base), ontology) };
  }

  async #load(asked: NonNullable<DetectOptions['ontology']>): Promise<Ontology> {
    if (asked === '') throw problemsError('CONFIG_INVALID', [{ message: 'ontology is empty.' }]);
    const source =
      typeof asked === 'string' ? { file: locateOntology(asked, process.cwd()) } : ontologyOfProgram(asked);
    const loaded = await loadOntology(source);
    this.#requireReachable(loaded);
    const key = JSON.stringify(loaded.spec);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ontology = buildOntology(loaded.spec);
    this.#known.set(key, ontology);
    return ontology;
  }

  /** Workers read example pictures from the folder that they were started with. */
  #requireReachable({ spec, folder }: LoadedOntology): void {
    const hasExamples = spec.classes.some(({ examples = [] }) => examples.length > 0) || spec.ignoreExamples;
    const { exampleFolder } = this.#job;
    if (!hasExamples || folder === exampleFolder) return;
    throw new PreannotateError({
      code: 'ONTOLOGY_INVALID',
      message: `The ontology has example images in ${folder}, and the detector was opened for ${exampleFolder}.`,
      hint: 'Give this ontology to openDetector.',
    });
  }
}

function readFields(options: Omit<DetectOptions, 'signal' | 'ontology'>): z.output<typeof Fields> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const byKey = Object.fromEntries(given.map(([name, value]) => [NAMES.get(name) ?? name, value]));
  const result = Fields.safeParse(byKey, { reportInput: true });
  if (result.success) return result.data;
  const subject = ([key, ...rest]: readonly PropertyKey[]) => formatPath([camelOf(String(key)), ...rest]);
  const knownKeys = () => ['ontology', 'signal', ...NAMES.keys()];
  throw problemsError(
    'CONFIG_INVALID',
    describeIssues(result.error, { subject, whereKey: () => 'options', knownKeys }),
  );
}

/** @throws PreannotateError CONFIG_INVALID for boxes that the detector does not keep */
function assertKept(
  { score_threshold: threshold, max_detections: most }: z.output<typeof Fields>,
  { scoreFloor, maxDetections }: Pick<EngineJob['worker'], 'scoreFloor' | 'maxDetections'>,
): void {
  if (threshold !== undefined && threshold < scoreFloor) {
    const advice = `Open the detector with scoreFloor: ${threshold}.`;
    throw problemsError('CONFIG_INVALID', [{ ...describeBelowFloor('scoreThreshold', threshold, scoreFloor), advice }]);
  }
  if (most === undefined || most <= maxDetections) return;
  const message = `maxDetections is ${most}, but the detector keeps ${maxDetections} boxes of an image.`;
  throw problemsError('CONFIG_INVALID', [{ message, advice: `Open the detector with maxDetections: ${most}.` }]);
}

function noOntologyError(): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: 'There is no ontology, so it is not known what to find.',
    hint: 'Give ontology to openDetector or to this call, for example { classes: ["cup"] }.',
  });
}
