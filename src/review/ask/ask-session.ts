import { asTyped } from '../../progress/typed-command.js';
import { PreannotateError } from '../../core/errors.js';
import { findModelHere, type Model } from '../../model/source.js';
import { formOf } from '../../model/input-form.js';
import { assertGivesFeatures } from '../../model/features/require-features.js';
import { displayPath } from '../../disk/display-path.js';
import type { GalleryFacts } from '../../core/gallery/pack.js';
import type { AskState } from '../../core/gallery/ask.js';
import { toWorkerOptions } from '../../run/rerun/worker-options.js';
import type { OpenedRun } from '../../run/open-run.js';
import { describeCost } from './ask-cost.js';
import { Asker } from './asker.js';
import { readOntologyFile } from './ontology-file.js';
import { findFeatures } from './find-features.js';
import type { Rerun } from './rerun.js';

/** What of the review server this part needs. */
export interface AskContext {
  readonly outDir: string; // absolute
  readonly imagesRoot: string | undefined; // absolute; where the images are now, if they were moved
  readonly readOnly: string | undefined; // why nothing can be written now
  readonly note: (message: string) => void; // for the terminal
  run(): OpenedRun; // as it is now
  facts(): Promise<Pick<GalleryFacts, 'images'>>; // of the pack that pages load
  /** Has the output folder written to by a run, of which the caller's lock is given up meanwhile. */
  rewrite(work: () => Promise<void>): Promise<void>;
}

/** A run that can be asked, or why it cannot. */
type Opened = { readonly asker: Asker } | { readonly state: AskState };

/** Opens what answers questions about the run, again when there is a new run. */
export class AskSession implements AsyncDisposable {
  readonly #context: AskContext;
  readonly #rerun: Rerun;
  #run: OpenedRun | undefined;
  #opened: Promise<Opened> | undefined;

  constructor(context: AskContext, rerun: Rerun) {
    this.#context = context;
    this.#rerun = rerun;
  }

  async state(): Promise<AskState> {
    const opened = await this.#open();
    if ('state' in opened) return opened.state;
    const ontology = await readOntologyFile(this.#rerun);
    const { images } = opened.asker.features;
    return { isReady: true, images, ...(ontology === undefined ? {} : { ontology }) };
  }

  /** @throws PreannotateError INPUT_NOT_FOUND where the run cannot be asked */
  async asker(): Promise<Asker> {
    const opened = await this.#open();
    if ('asker' in opened) return opened.asker;
    const { reason } = opened.state as Extract<AskState, { isReady: false }>;
    throw new PreannotateError({ code: 'INPUT_NOT_FOUND', message: reason, hint: 'Load the page again.' });
  }

  /** Ends the workers: a run needs the memory, or the server ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = this.#run = undefined;
    if (opened !== undefined && 'asker' in opened) await opened.asker[Symbol.asyncDispose]();
  }

  async #open(): Promise<Opened> {
    const run = this.#context.run();
    if (this.#run !== run) {
      await this[Symbol.asyncDispose]();
      this.#run = run;
    }
    this.#opened ??= this.#tryOpen(run).catch((error: unknown) => {
      if (!(error instanceof PreannotateError)) throw error;
      return notReady(`${error.message} ${error.hint}`.trim());
    });
    return await this.#opened;
  }

  async #tryOpen(run: OpenedRun): Promise<Opened> {
    const { options, model: used } = run.journal.header;
    const reference = run.manifest?.model.reference ?? used.reference;
    const watcher = { progress: () => {}, note: () => {} };
    const precision = options.precision ?? 'fp32';
    const model = await findModelHere(reference, { precision, watcher, variables: process.env });
    if (model === undefined) {
      return notReady(`The model ${reference} is not on this machine.`, `preannotate models pull ${reference}`);
    }
    assertGivesFeatures(model, formOf(toWorkerOptions(options), model).fit);
    const { featuresFolder: folder } = this.#rerun;
    const features = folder === undefined ? undefined : await findFeatures(folder, { model, options });
    if (features !== undefined) return { asker: new Asker({ run, model, features }) };
    return await this.#describeMissing(run, model);
  }

  async #describeMissing(run: OpenedRun, model: Model): Promise<Opened> {
    const { featuresFolder: folder } = this.#rerun;
    const name = folder === undefined ? 'features' : displayPath(folder);
    const command = this.#rerun.commandWith({ features: name });
    const reason =
      folder === undefined
        ? 'The model can be asked about all images at once where the run has stored image features.'
        : `${name} has no features of this run's model and images.`;
    const typed = command ?? `preannotate run <images> … --out ${displayPath(this.#context.outDir)} --features ${name}`;
    const { widths, heights } = (await this.#context.facts()).images; // known already: large journals take a second
    const sizes = widths.map((width, i) => ({ width, height: heights[i]! }));
    return notReady(`${reason} ${STOP_FIRST}`, typed, describeCost(run, model, sizes));
  }
}

const STOP_FIRST =
  'To store them, stop this review with Ctrl-C, give the command, and start the review again: what was reviewed stays.';

function notReady(reason: string, typed?: string, cost?: string): { readonly state: AskState } {
  const command = typed && asTyped(typed);
  return {
    state: {
      isReady: false,
      reason,
      ...(command === undefined ? {} : { command }),
      ...(cost === undefined ? {} : { cost }),
    },
  };
}
