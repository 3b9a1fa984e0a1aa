import { setMaxListeners } from 'node:events';
import type { Device } from './core/device.js';
import { buildOntology, type OntologySpec } from './core/ontology.js';
import type { EvaluatedObject } from './evaluation/evaluated-image.js';
import { mean } from './evaluation/evaluation.js';
import {
  listConfusedWordings,
  rankWordings,
  type AskedImage,
  type ConfusedWordings,
  type RankedWordings,
} from './evaluation/wordings/rank-wordings.js';
import { splitOntology, type SplitOntology } from './evaluation/wordings/split-ontology.js';
import { mapConcurrent } from './core/stream.js';
import type { RequestedPrecision } from './core/precision.js';
import { findModel } from './model/source.js';
import type { RunProgress } from './progress/run-progress.js';
import { toWorkerOptions } from './run/rerun/worker-options.js';
import type { StoredOptions } from './run/header.js';
import type { OpenedRun } from './run/open-run.js';
import type { Engine } from './workers/engine.js';
import { startEngine, type EngineJob } from './workers/start-engine.js';

/** What is asked of which images. */
export interface PromptJob {
  readonly run: OpenedRun; // whose model and images are used
  readonly ontology: OntologySpec; // whose wordings are compared
  readonly places: EngineJob['places'];
  readonly root: string; // folder of the images; absolute
  readonly images: readonly { readonly name: string; readonly objects: readonly EvaluatedObject[] }[];
  readonly thresholds: readonly number[]; // of the classes
  readonly iou: number;
  readonly devices: readonly Device[] | 'auto';
  readonly placement: EngineJob['placement'];
  readonly optimizer: EngineJob['worker']['optimizer'];
  readonly signal: AbortSignal;
}

export interface PromptRanking {
  readonly images: number;
  readonly failed: number; // images that could not be read, which are left out
  readonly classes: readonly RankedWordings[];
  readonly confused: readonly ConfusedWordings[];
  /** Each alone; none where there is one. */
  readonly templates: readonly { readonly template: string; readonly ap: number }[];
  readonly ap: number; // mean over classes, with all prompts and templates
}

/** Detections of an image are the best of so many for each wording of a class. */
const DETECTIONS_PER_WORDING = 300;

/** Asks the model every wording for itself, in one pass over the labelled images, and ranks them. */
export async function rankPrompts(job: PromptJob, progress: RunProgress): Promise<PromptRanking> {
  const { ontology, images, iou, thresholds, run, signal } = job;
  const all = splitOntology(ontology);
  const alone =
    ontology.templates.length < 2 ? [] : ontology.templates.map((template) => splitOntology(ontology, template));
  using watcher = progress.download();
  const { model: used, options } = run.journal.header;
  const precision: RequestedPrecision = options.precision ?? 'fp32';
  const reference = run.manifest?.model.reference ?? used.reference;
  const model = await findModel(reference, { precision, watcher, signal, variables: process.env });
  const work = { model, images: images.length, imageFolder: job.root };
  const note = (message: string) => progress.note(message);
  await using engine = await startEngine(toEngineJob(job, all, options), work, { note, warn: note, signal });
  setMaxListeners(0, signal); // every call in flight listens
  progress.start({ total: images.length, done: 0 });
  const asked = await askAll(engine, [all, ...alone], { ...job, progress });
  progress.stop();
  const [found, ...perTemplate] = asked.images as [AskedImage[], ...AskedImage[][]];
  const classes = rankWordings(found, all.wordings, iou);
  const meanOf = (ranked: readonly RankedWordings[]) =>
    ranked.length === 0 ? 0 : mean(ranked.map(({ together }) => together.ap));
  return {
    images: found.length,
    failed: asked.failed,
    classes,
    confused: listConfusedWordings(found, all.wordings, { thresholds, iou }),
    templates: perTemplate
      .map((some, i) => ({ template: ontology.templates[i]!, ap: meanOf(rankWordings(some, alone[i]!.wordings, iou)) }))
      .sort((a, b) => b.ap - a.ap),
    ap: meanOf(classes),
  };
}

/** @returns What each of the ontologies found, by image; an image that cannot be read is left out. */
async function askAll(
  engine: Engine,
  splits: readonly SplitOntology[],
  { images, signal, progress }: PromptJob & { progress: RunProgress },
): Promise<{ images: AskedImage[][]; failed: number }> {
  const ontologies = splits.map(({ spec }) => buildOntology(spec));
  for (const ontology of ontologies) await engine.prepare(ontology, { keep: true });
  const answers = mapConcurrent(images.entries(), engine.capacity, async ([index, { name, objects }]) => {
    const outcomes = await Promise.all(ontologies.map((ontology) => engine.detect({ name }, ontology, signal)));
    return { index, objects, outcomes };
  });
  const found: { index: number; asked: AskedImage[] }[] = [];
  let failed = 0;
  for await (const { index, objects, outcomes } of answers) {
    progress.tick(outcomes[0]!);
    const failure = outcomes.find((outcome) => !outcome.ok);
    if (failure?.ok === false) {
      failed++;
      progress.note(failure.failure.message);
    } else {
      const asked = outcomes.flatMap((one) => (one.ok ? [{ objects, detections: one.result.detections }] : []));
      found.push({ index, asked });
    }
  }
  found.sort((a, b) => a.index - b.index);
  return { images: splits.map((_, i) => found.map(({ asked }) => asked[i]!)), failed };
}

/** The images are looked at as in the run. */
function toEngineJob(job: PromptJob, { spec, wordings }: SplitOntology, options: StoredOptions): EngineJob {
  const { worker, ...others } = toWorkerOptions(options);
  const most = Math.max(1, ...job.ontology.classes.map(({ prompts }) => prompts.length));
  return {
    ...others,
    ontology: buildOntology(spec),
    places: job.places,
    ontologyNotes: [],
    exampleFolder: job.root,
    devices: job.devices,
    placement: job.placement,
    worker: {
      ...worker,
      optimizer: job.optimizer,
      maxDetections: Math.max(options.max_stored, DETECTIONS_PER_WORDING * most),
    },
    selection: {
      thresholds: wordings.map(() => options.score_floor),
      nmsIou: null,
      classAgnosticNms: false,
      maxDetections: Infinity,
    },
  };
}
