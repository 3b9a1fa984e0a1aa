import type { Ontology, OntologyPlaces, Query } from '../../core/ontology.js';
import { readCached, sha256Of, writeCached } from '../../disk/cache.js';
import { familyOf, traitsOf } from '../../model/families.js';
import type { PromptTokenizer } from '../../model/tokenizer.js';
import { averageTexts, normalise } from './average-texts.js';
import { makeCacheKey, embedExamples } from './example-embeddings.js';
import type { PreparedQueries, QuerySource } from './prepared-queries.js';
import type { Encoded, ToEncode } from '../protocol.js';
import { tokenisePrompts } from './tokenise.js';

const CACHE_VERSION = 2; // raised when the same texts would give other embeddings

/** A request's ontology has no lines. */
const PLACES_IN_REQUESTS: OntologyPlaces = { whole: '/ontology', byLabel: {} };

type Encode = (what: ToEncode) => Promise<Encoded>;

/** Turns ontologies into query embeddings: from the disk cache, else through the encoders, once. */
export class QueryEncoder {
  readonly #source: QuerySource;
  readonly #encode: Encode;
  #tokenizer: Promise<PromptTokenizer> | undefined;

  constructor(source: QuerySource, encode: Encode) {
    this.#source = source;
    this.#encode = encode;
  }

  /**
   * @param keep - Write what was computed to the disk cache. Not for ontologies of untrusted clients, which would fill
   *   the disk.
   * @throws PreannotateError ONTOLOGY_INVALID when prompts are longer than the model reads, or examples cannot be used.
   */
  async prepare(ontology: Ontology, keep: boolean): Promise<PreparedQueries> {
    const { queries } = ontology;
    const places = ontology === this.#source.ontology ? this.#source.places : PLACES_IN_REQUESTS;
    const examples = queries.flatMap(({ example }) => example ?? []);
    const prompts = queries.filter(({ example }) => example === undefined);
    const cacheKey = this.#promptKey(prompts);
    const classIds = queries.map(({ classId }) => classId);
    const key = sha256Of(
      JSON.stringify([
        cacheKey,
        classIds,
        queries.map(({ example }) => example !== undefined),
        ...examples.map((example) => makeCacheKey(example, this.#source)),
      ]),
    );
    const fromExamples = await embedExamples(examples, { ...this.#source, places }, this.#encode);
    const fromPrompts = await this.#embedPrompts(prompts, { cacheKey, places, keep });
    const width = traitsOf(this.#source.model.checkpoint).embeddingWidth;
    const embeddings = new Float32Array(queries.length * width);
    let prompt = 0;
    let example = 0;
    for (const [row, query] of queries.entries()) {
      const embedding =
        query.example === undefined
          ? fromPrompts.subarray(prompt * width, ++prompt * width)
          : normalise(fromExamples[example++]!.embedding);
      embeddings.set(embedding, row * width);
    }
    const byExample = queries.flatMap(({ example, classId }) => (example === undefined ? [] : { example, classId }));
    const chosen = byExample.map((one, i) => ({ ...one, choice: fromExamples[i]!.choice }));
    return { key, classIds, embeddings, examples: chosen };
  }

  #promptKey(prompts: readonly Query[]): string {
    const { model, allowTruncate } = this.#source;
    return sha256Of(JSON.stringify([CACHE_VERSION, model.key, allowTruncate, prompts.map(({ texts }) => texts)]));
  }

  /** @returns [prompts, T]: of each prompt, the mean of its texts' unit vectors. */
  async #embedPrompts(
    prompts: readonly Query[],
    { cacheKey, places, keep }: { cacheKey: string; places: OntologyPlaces; keep: boolean },
  ): Promise<Float32Array> {
    if (prompts.length === 0) return new Float32Array();
    const width = traitsOf(this.#source.model.checkpoint).embeddingWidth;
    const cached = await readCached('embeddings', cacheKey);
    if (cached?.length === prompts.length * width * 4) return new Float32Array(Uint8Array.from(cached).buffer);
    const { embeddings } = await this.#encode({ type: 'encode', tokenIds: await this.#tokenise(prompts, places) });
    const queries = averageTexts(
      embeddings,
      prompts.map(({ texts }) => texts.length),
      width,
    );
    if (keep) await writeCached('embeddings', cacheKey, new Uint8Array(queries.buffer));
    return queries;
  }

  async #tokenise(prompts: readonly Query[], places: OntologyPlaces): Promise<number[][]> {
    this.#tokenizer ??= this.#openTokenizer();
    return tokenisePrompts(prompts, {
      tokenizer: await this.#tokenizer,
      places,
      allowTruncate: this.#source.allowTruncate,
    });
  }

  /** Once, and when it is needed: a known ontology needs no tokenizer, and its vocabulary takes 0.15 s to read. */
  #openTokenizer(): Promise<PromptTokenizer> {
    const { checkpoint } = this.#source.model;
    return familyOf(checkpoint).openTokenizer(checkpoint);
  }
}
