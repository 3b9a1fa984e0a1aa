import { asTyped } from '../../progress/typed-command.js';
import { PassThrough } from 'node:stream';
import { messageOf } from '../../core/errors.js';
import { Progress } from '../../progress/bar.js';
import { RequestError } from '../../http/request-error.js';
import type { KeepState } from '../../core/gallery/ask.js';
import { readHeader } from '../../run/read-journal.js';
import type { AskContext, AskSession } from './ask-session.js';
import type { FoundFeatures } from './find-features.js';
import { forgetKept, readKept, storeKept, type KeptResult } from './kept-result.js';
import { describeKept } from './describe-kept.js';
import { planEdit, toYaml, type Wanted } from './keep.js';
import { reasonToSaveByHand } from './ontology-file.js';
import type { OntologyPlace, Rerun } from './rerun.js';
import { saveEdit, takeBack } from './saved-edit.js';

/** What is being done to the ontology, and then to the run. */
interface Task extends KeptResult {
  readonly isBack: boolean; // the edit is taken back
  readonly features: FoundFeatures;
}

/** Keeps what a question found: in the file of the ontology, and then in the run, which is brought up to date. */
export class Keeper implements AsyncDisposable {
  readonly #context: AskContext;
  readonly #session: AskSession;
  readonly #rerun: Rerun;
  readonly #closed = new AbortController();
  #state: KeepState = { is: 'idle' };
  #work: Promise<void> | undefined;
  #last: KeptResult | undefined; // can be taken back
  readonly #restored: Promise<void>;

  constructor(parts: { context: AskContext; session: AskSession; rerun: Rerun }) {
    this.#context = parts.context;
    this.#session = parts.session;
    this.#rerun = parts.rerun;
    this.#restored = this.#restore();
  }

  /** The same, once it is known what an earlier review has kept. */
  async currentState(): Promise<KeepState> {
    await this.#restored;
    return this.#state;
  }

  get state(): KeepState {
    return this.#state;
  }

  /**
   * Writes the ontology, and begins to bring the run up to date. Where there is no file to write, what is to be done is
   * in the state.
   *
   * @throws PreannotateError ONTOLOGY_INVALID, USAGE, READ_ONLY: nothing was written
   */
  async keep(wanted: Wanted): Promise<KeepState> {
    await this.#restored;
    this.#assertFree();
    const asker = await this.#session.asker();
    const { outDir, imagesRoot } = this.#context;
    const place = { outDir, imagesRoot, run: asker.run };
    const features = asker.features;
    const reason = await reasonToSaveByHand(this.#rerun);
    if (reason !== undefined) {
      const yaml = await toYaml({ place, wanted });
      const command = this.#commandWith(features.folder, 'ontology.yaml');
      this.#assertFree();
      return (this.#state = { is: 'manual', reason, yaml, command });
    }
    const { file } = this.#rerun.ontology as Extract<OntologyPlace, { file: string }>;
    return await this.#begin(wanted.class, async () => {
      const edit = await planEdit(file, wanted, { place, command: this.#commandWith(features.folder) });
      const what = describeKept(wanted, place.run.ontology);
      return { class: wanted.class, what, edit: await saveEdit(edit), isBack: false, features };
    });
  }

  /**
   * Writes the ontology as it was before the last result was kept, and begins to bring the run up to date.
   *
   * @throws PreannotateError USAGE where there is none, or the file has changed since; READ_ONLY
   */
  async takeBack(): Promise<KeepState> {
    await this.#restored;
    this.#assertFree();
    const last = this.#last;
    if (last === undefined) throw new RequestError('USAGE', 'There is nothing that could be taken back.');
    const { features } = await this.#session.asker();
    return await this.#begin(last.class, async () => {
      await takeBack(last.edit);
      return { ...last, isBack: true, features };
    });
  }

  /** Has what was kept or taken back no longer shown. It can then not be taken back here. */
  async dismiss(): Promise<KeepState> {
    await this.#restored;
    this.#assertFree();
    this.#last = undefined;
    await forgetKept(this.#context.outDir);
    return (this.#state = { is: 'idle' });
  }

  /** What is written by then stays: the command of the run goes on from there. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the server ends'));
    await this.#work;
  }

  async #restore(): Promise<void> {
    const { outDir, readOnly } = this.#context;
    const { ontology } = this.#rerun;
    if (readOnly !== undefined || this.#rerun.update === undefined || 'noFile' in ontology) return;
    const { created } = this.#context.run().journal.header;
    const last = await readKept({ outDir, created }, ontology.file);
    if (last === undefined) return;
    this.#last = last;
    const { class: name, what } = last;
    this.#state = { is: 'done', class: name, what, file: ontology.file, isBack: false, canTakeBack: true };
  }

  /** For the reviews to come. @returns What the user should know, where they cannot take it back. */
  async #store(): Promise<string | undefined> {
    const { outDir, note } = this.#context;
    const { created } = this.#context.run().journal.header;
    if (this.#last === undefined) {
      await forgetKept(outDir);
      return undefined;
    }
    const warning = await storeKept({ outDir, created }, this.#last);
    if (warning !== undefined) note(warning);
    return warning;
  }

  #assertFree(): void {
    const { readOnly } = this.#context;
    if (readOnly !== undefined) throw new RequestError('READ_ONLY', readOnly);
    if (this.#state.is === 'running')
      throw new RequestError('USAGE', 'Another result is being kept: wait for its end.');
  }

  /** @param write - Changes the file. */
  async #begin(name: string, write: () => Promise<Task>): Promise<KeepState> {
    this.#assertFree(); // another one may have begun while this one was prepared
    const before = this.#state;
    this.#state = { is: 'running', class: name, done: 0, total: this.#context.run().journal.entries.size };
    try {
      this.#work = this.#update(await write());
      return this.#state;
    } catch (error) {
      this.#state = before.is === 'done' ? before : { is: 'idle' };
      throw error;
    }
  }

  async #update(task: Task): Promise<void> {
    const { class: name, what, edit, isBack, features } = task;
    const before = this.#context.run().journal.header.created;
    const progress = new FollowedProgress((done, total) => {
      this.#state = { is: 'running', class: name, done, total };
    });
    const run = { hasStarted: false };
    try {
      await this.#session[Symbol.asyncDispose](); // its workers have the memory that the run needs
      const use = { features, progress, signal: this.#closed.signal };
      await this.#context.rewrite(() => {
        run.hasStarted = true;
        return this.#rerun.update!(use);
      });
      const { path: file, backup } = edit;
      this.#last = isBack || edit.isWritten ? undefined : { class: name, what, edit };
      const warning = await this.#store();
      const kept = backup === undefined || isBack ? {} : { backup };
      const told = { what, file, ...kept, ...(warning === undefined ? {} : { warning }) };
      this.#state = { is: 'done', class: name, isBack, canTakeBack: this.#last !== undefined, ...told };
    } catch (error) {
      const now = run.hasStarted ? await createdOf(this.#context.outDir) : before;
      const advice = now === before ? await this.#revert(task) : this.#adviceToGoOn(features.folder);
      this.#state = { is: 'failed', class: name, isBack, message: `${messageOf(error)} ${advice}` };
    }
  }

  /** The run is as it was: so is the ontology then. @returns A sentence about it. */
  async #revert({ edit, isBack }: Task): Promise<string> {
    try {
      if (isBack) await saveEdit(edit);
      else await takeBack(edit);
      return 'The ontology is as it was.';
    } catch (error) {
      return `The ontology could not be written as it was: ${messageOf(error)}`;
    }
  }

  #adviceToGoOn(features: string): string {
    return `The run goes on with: ${this.#commandWith(features).replace(' --restart', '')}`;
  }

  #commandWith(features: string, ontology?: string): string {
    const flags = { ...(ontology === undefined ? {} : { ontology }), features, restart: true as const };
    const typed = this.#rerun.commandWith(flags);
    return asTyped(
      typed ?? `preannotate run <images> … --out ${this.#context.outDir} --features ${features} --restart`,
    );
  }
}

/** Which run the folder holds; undefined where that cannot be read. */
async function createdOf(outDir: string): Promise<string | undefined> {
  return (await readHeader(outDir).catch(() => undefined))?.created;
}

/** Progress that is shown elsewhere. */
class FollowedProgress extends Progress {
  readonly #report: (done: number, total: number) => void;
  #done = 0;
  #total = 0;

  constructor(report: (done: number, total: number) => void) {
    super({ stream: new PassThrough(), quiet: true });
    this.#report = report;
  }

  override start(known: Parameters<Progress['start']>[0]): void {
    super.start(known);
    [this.#done, this.#total] = [known.done, known.total];
    this.#report(this.#done, this.#total);
  }

  override tick(...[outcome, counts]: Parameters<Progress['tick']>): void {
    super.tick(outcome, counts);
    this.#report(++this.#done, this.#total);
  }
}
