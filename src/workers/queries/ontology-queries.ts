import pLimit, { type LimitFunction } from 'p-limit';
import { PreannotateError } from '../../core/errors.js';
import type { Ontology } from '../../core/ontology.js';
import { untilAborted } from '../../core/stream.js';
import type { PrepareOptions } from '../engine.js';
import { STOPPED } from '../worker-errors.js';
import type { PreparedQueries } from './prepared-queries.js';
import type { QueryEncoder } from './query-encoder.js';

/** The queries of one ontology, encoded or being encoded. */
interface Preparation {
  readonly queries: Promise<PreparedQueries>;
  waiting: number; // calls
}

/** The queries of ontologies: each encoded once, a few at a time, and only while a caller waits. */
export class OntologyQueries {
  readonly #encoder: QueryEncoder;
  readonly #limit: LimitFunction;
  readonly #known = new WeakMap<Ontology, Preparation>();

  /** @param atOnce - Workers: each encodes one ontology after the other. */
  constructor(encoder: QueryEncoder, atOnce: number) {
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
      this.#known.delete(ontology); // a later caller starts anew
      throw new PreannotateError(STOPPED);
    };
    this.#known.set(ontology, preparation);
    preparation.queries.catch(() => this.#known.delete(ontology)); // the next call may find a worker that does not die
    return preparation;
  }
}
