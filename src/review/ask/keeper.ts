import { PassThrough } from 'node:stream';
import { messageOf } from '../../core/errors.js';
import { Progress } from '../../progress/bar.js';
import { RequestError } from '../../http/request-error.js';
import type { KeepState } from '../../core/gallery/ask.js';
import { readHeader } from '../../run/read-journal.js';
import type { AskContext, AskSession } from './ask-session.js';
import { planEdit, saveEdit, takeBack, toYaml, type PlannedEdit, type Wanted } from './keep.js';
import type { RunAgain } from './run-again.js';

/** Keeps what a question found: in the file of the ontology, and then in the run, which is brought up to date. */
export class Keeper implements AsyncDisposable {
  readonly #context: AskContext;
  readonly #session: AskSession;
  readonly #again: RunAgain;
  readonly #closed = new AbortController();
  #state: KeepState = { is: 'idle' };
  #work: Promise<void> | undefined;

  constructor(parts: { context: AskContext; session: AskSession; again: RunAgain }) {
    this.#context = parts.context;
    this.#session = parts.session;
    this.#again = parts.again;
  }

  get state(): KeepState {
    return this.#state;
  }

  /**
   * Writes the ontology, and begins to bring the run up to date. Where there is no file to write, what is to be done is
   * in the state.
   *
   * @throws PreannotateError ONTOLOGY_INVALID, USAGE: nothing was written
   */
  async keep(wanted: Wanted): Promise<KeepState> {
    if (this.#state.is === 'running')
      throw new RequestError('USAGE', 'Another result is being kept: wait for its end.');
    const asker = await this.#session.asker();
    const { outDir } = this.#context;
    const place = { outDir, run: asker.run };
    const features = asker.features;
    const { ontology } = this.#again;
    if ('noFile' in ontology || this.#again.update === undefined) {
      const reason = 'noFile' in ontology ? ontology.noFile : 'How this run was started is not known.';
      const yaml = await toYaml({ place, wanted });
      return (this.#state = {
        is: 'manual',
        reason,
        yaml,
        command: this.#commandWith(features.folder, 'ontology.yaml'),
      });
    }
    this.#state = { is: 'running', class: wanted.class, done: 0, total: asker.run.journal.entries.size };
    try {
      const edit = await planEdit(ontology.file, wanted, { place, command: this.#commandWith(features.folder) });
      const kept = await saveEdit(edit);
      this.#work = this.#update({ wanted, edit, features, kept });
      return this.#state;
    } catch (error) {
      this.#state = { is: 'idle' };
      throw error;
    }
  }

  /** What is written by then stays: the command of the run goes on from there. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the server ends'));
    await this.#work;
  }

  async #update(kept: {
    wanted: Wanted;
    edit: PlannedEdit;
    features: Parameters<NonNullable<RunAgain['update']>>[0]['features'];
    kept: string | undefined;
  }): Promise<void> {
    const { wanted, edit, features } = kept;
    const { outDir } = this.#context;
    const begun = this.#context.run().journal.header.created;
    const progress = new FollowedProgress((done, total) => {
      this.#state = { is: 'running', class: wanted.class, done, total };
    });
    try {
      await this.#session[Symbol.asyncDispose](); // its workers have the memory that the run needs
      const use = { features, progress, signal: this.#closed.signal };
      await this.#context.rewrite(() => this.#again.update!(use));
      const backup = kept.kept === undefined ? {} : { backup: kept.kept };
      this.#state = { is: 'done', class: wanted.class, file: edit.path, ...backup };
    } catch (error) {
      const hasBegun = (await readHeader(outDir))?.created !== begun;
      if (!hasBegun) await takeBack(edit).catch(() => {}); // the message says what the run has met
      const advice = hasBegun
        ? ` The run goes on with: ${this.#commandWith(features.folder).replace(' --restart', '')}`
        : ' The ontology is as it was.';
      this.#state = { is: 'failed', class: wanted.class, message: `${messageOf(error)}${advice}` };
    }
  }

  #commandWith(features: string, ontology?: string): string {
    const flags = { ...(ontology === undefined ? {} : { ontology }), features, restart: true as const };
    const typed = this.#again.commandWith(flags);
    return typed ?? `preannotate run <images> … --out ${this.#context.outDir} --features ${features} --restart`;
  }
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
