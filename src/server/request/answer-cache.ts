import { createHash } from 'node:crypto';
import type { ImageResult } from '../../core/image.js';
import { LruMap } from '../../core/lru.js';
import type { Ontology } from '../../core/ontology.js';

/** An image, and what is looked for in it. */
interface Asked {
  readonly bytes: Uint8Array;
  readonly ontology: Ontology;
}

/**
 * What was found in the images that were asked for last, by their bytes and prompts. Thresholds are applied afterwards,
 * so that requests may differ in them. Ontologies of requests are the same object as long as they are known.
 */
export class AnswerCache {
  readonly #limit: number;
  readonly #results: LruMap<string, ImageResult>;
  readonly #ontologies = new WeakMap<Ontology, number>();
  readonly #count: (result: 'hit' | 'miss') => void;
  #known = 0; // ontologies

  /** @param limit - Results that are kept; 0 turns it off. */
  constructor(limit: number, count: (result: 'hit' | 'miss') => void) {
    this.#limit = limit;
    this.#results = new LruMap(limit);
    this.#count = count;
  }

  /** @param compute - Asks the engine. What it throws is thrown, and not kept. */
  async find(asked: Asked, compute: () => Promise<ImageResult>): Promise<ImageResult> {
    if (this.#limit === 0) return compute();
    const key = this.#keyOf(asked);
    const known = this.#results.get(key);
    this.#count(known === undefined ? 'miss' : 'hit');
    if (known !== undefined) return known;
    const result = await compute();
    this.#results.set(key, result);
    return result;
  }

  #keyOf({ bytes, ontology }: Asked): string {
    const number = this.#ontologies.get(ontology) ?? ++this.#known;
    this.#ontologies.set(ontology, number);
    return `${number} ${createHash('sha256').update(bytes).digest('base64')}`;
  }
}
