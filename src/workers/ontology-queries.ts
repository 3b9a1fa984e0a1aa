import pLimit, { type LimitFunction } from 'p-limit';
import { PreannotateError } from '../core/errors.js';
import type { Ontology } from '../core/ontology.js';
import { untilAborted } from '../core/stream.js';
import type { PrepareOptions } from './engine.js';
import { STOPPED } from './worker-errors.js';
import type { PreparedQueries, PromptEncoder } from './queries.js';

/** The queries of one ontology, made or in the making. */
interface Preparation {
  readonly queries: Promise<PreparedQueries>;
  waiting: number; // calls
}

/** The queries of ontologies: each made once, a few at a time, and only while somebody waits for them. */
export class OntologyQueries {
  readonly #encoder: PromptEncoder;
  readonly #limit: LimitFunction;
  readonly #known = new WeakMap<Ontology, Preparation>();

  /** @param atOnce - Workers: each encodes one ontology after the other. */
  constructor(encoder: PromptEncoder, atOnce: number) {
    this.#encoder = encoder;
    this.#limit = pLimit(atOnce);
  }

  /** @throws PreannotateError ONTOLOGY_INVALID; the signal's reason */
  async of(ontology: Ontology, { keep = false, signal }: PrepareOptions): Promise<PreparedQueries> {
    const preparation = this.#known.get(ontology) ?? this.#begin(ontology, keep);
    preparation.waiting++;
    try {
      return await (signal === undefined ? preparation.queries : untilAborted(preparation.queries, signal));
    } finally {
      preparation.waiting--;
    }
  }

  #begin(ontology: Ontology, keep: boolean): Preparation {
    const preparation: Preparation = { queries: this.#limit(() => prepare()), waiting: 0 };
    const prepare = async () => {
      if (preparation.waiting > 0) return this.#encoder.prepare(ontology, keep);
      this.#known.delete(ontology); // whoever asks now is not to get this
      throw new PreannotateError(STOPPED);
    };
    this.#known.set(ontology, preparation);
    preparation.queries.catch(() => this.#known.delete(ontology)); // the next call may have a worker that does not die
    return preparation;
  }
}
