import { setMaxListeners } from 'node:events';
import { readStoredSelection, resolveSelection } from '../../config/selection.js';
import { PreannotateError, type Failure } from '../../core/errors.js';
import { BoxRows } from '../../core/gallery/box-rows.js';
import { ColumnsBuilder, MAX_BOXES } from '../../core/gallery/columns-builder.js';
import {
  SCORE_STEPS,
  type BoxColumns,
  type GalleryFacts,
  type GalleryFailure,
  type GalleryPack,
} from '../../core/gallery/pack.js';
import type { ImageFile } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { mapConcurrent } from '../../core/stream.js';
import { compareUtf8, printable } from '../../core/text.js';
import type { Model } from '../../model/source.js';
import type { OpenedRun } from '../../run/open-run.js';
import { divideNames } from '../../run/plan/sources.js';
import { RecordFile } from '../../run/read-journal.js';
import { assertPromptsFit } from '../../workers/queries/tokenise.js';
import { AskEngine } from './ask-engine.js';
import type { FoundFeatures } from './find-features.js';
import type { KnownImage } from './question.js';

/** An image of the run, found by its hash. */
interface AskedImage extends KnownImage {
  readonly id: number;
  readonly sizeBytes: number;
}

/** Answers questions about all images of a run from stored features: their files are not read. */
export class Asker implements AsyncDisposable {
  readonly run: OpenedRun;
  readonly model: Model;
  readonly features: FoundFeatures;
  readonly #engine: AskEngine;
  #images: Promise<readonly AskedImage[]> | undefined;

  constructor(parts: { run: OpenedRun; model: Model; features: FoundFeatures; idleMs?: number }) {
    this.run = parts.run;
    this.model = parts.model;
    this.features = parts.features;
    this.#engine = new AskEngine(parts);
  }

  /** @throws PreannotateError INPUT_NOT_FOUND */
  async imageOf(id: number): Promise<KnownImage> {
    const image = (await this.#listImages()).find((one) => one.id === id);
    if (image !== undefined) return image;
    const message = `The run has no image with the number ${id}.`;
    throw new PreannotateError({ code: 'INPUT_NOT_FOUND', message, hint: 'Load the page again.' });
  }

  /**
   * What the ontology finds in every image of the run: the boxes that a run with it would store. Images whose features
   * are not stored are among the failures of the pack.
   *
   * @throws PreannotateError ONTOLOGY_INVALID, WORKERS_FAILING; the signal's reason
   */
  async ask(ontology: Ontology, signal: AbortSignal): Promise<GalleryPack> {
    const images = await this.#listImages();
    const { score_floor: scoreFloor } = this.run.journal.header.options;
    const classOf = ontology.queries.map(({ classId }) => classId);
    const table = new ColumnsBuilder({ images: images.length, classOf, limit: MAX_BOXES });
    const rows = new BoxRows();
    const failures: { readonly index: number; readonly failure: GalleryFailure }[] = [];
    using use = await this.#engine.begin(signal);
    const { engine } = use;
    const ended = new AbortController();
    const detecting = AbortSignal.any([signal, ended.signal]);
    setMaxListeners(0, detecting); // every call in flight listens
    try {
      await engine.prepare(ontology, { keep: true, signal });
      const outcomes = mapConcurrent(images.entries(), engine.capacity, async ([index, image]) => ({
        index,
        outcome: await engine.detect(sourceOf(image), ontology, detecting),
      }));
      for await (const { index, outcome } of outcomes) {
        signal.throwIfAborted();
        if (outcome.ok) table.addImage(index, rows.fill(outcome.result.detections));
        else failures.push({ index, failure: describe(outcome.name, outcome.failure) });
      }
    } catch (error) {
      if (error instanceof PreannotateError && error.code !== 'ONTOLOGY_INVALID') await this.#engine.end();
      throw error;
    } finally {
      ended.abort();
    }
    failures.sort((a, b) => a.index - b.index);
    const boxes = table.finish();
    const floor = table.floor === -1 ? scoreFloor : table.floor / SCORE_STEPS; // there were too many
    const found = { images, boxes, scoreFloor: floor, failures: failures.map(({ failure }) => failure) };
    return this.#toPack(ontology, found);
  }

  /** @throws PreannotateError ONTOLOGY_INVALID for prompts that are longer than the model reads */
  async assertFits(ontology: Ontology): Promise<void> {
    const places = { whole: '/ontology', byLabel: {} }; // as the engine calls it
    await assertPromptsFit({ ontology, model: this.model, places, allowTruncate: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }

  #toPack(
    ontology: Ontology,
    found: { images: readonly AskedImage[]; boxes: BoxColumns } & Pick<GalleryFacts, 'scoreFloor' | 'failures'>,
  ): GalleryPack {
    const { images, boxes, scoreFloor, failures } = found;
    const stated = readStoredSelection(this.run.scope.selection);
    const { thresholds, ...selection } = resolveSelection(stated, ontology);
    const facts = {
      title: ontology.classes.map(({ name }) => name).join(', '),
      run: [],
      classes: ontology.classes.map(({ name }, i) => ({ name, threshold: thresholds[i]! })),
      prompts: ontology.queries.map(({ prompt, classId }) => ({ text: prompt, class: classId })),
      selection,
      scoreFloor,
      images: {
        ids: images.map(({ id }) => id),
        names: images.map(({ name }) => name),
        widths: images.map(({ width }) => width),
        heights: images.map(({ height }) => height),
        groups: images.map(() => 0),
        degraded: [],
      },
      failures,
    };
    return { facts, boxes };
  }

  /** In the order of the page's images. The journal is read once. */
  #listImages(): Promise<readonly AskedImage[]> {
    this.#images ??= listImages(this.run);
    this.#images.catch(() => (this.#images = undefined));
    return this.#images;
  }
}

/** The images of a run, in the order of their names. */
async function listImages({ journal, sources, imageIds }: OpenedRun): Promise<AskedImage[]> {
  const [shown] = divideNames(journal.entries, sources);
  await using records = await RecordFile.open(journal.path);
  const images: AskedImage[] = [];
  for (const name of shown.sort(compareUtf8)) {
    const { width, height, sha256, size_bytes: sizeBytes } = await records.read(journal.entries.get(name)!);
    images.push({ name, id: imageIds.of(name), width, height, sha256, sizeBytes });
  }
  return images;
}

function sourceOf({ name, sha256, sizeBytes }: AskedImage): ImageFile {
  return { name, known: { sha256, sizeBytes } };
}

function describe(name: string, { code, message }: Failure): GalleryFailure {
  const prefix = `${printable(name)}: `;
  return { name, code, message: message.startsWith(prefix) ? message.slice(prefix.length) : message };
}
