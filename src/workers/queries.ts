import { PreannotateError } from '../core/errors.js';
import type { Ontology } from '../core/ontology.js';
import { printable } from '../core/text.js';
import { readCached, sha256Of, writeCached } from '../disk/cache.js';
import type { QueryBank } from '../model/detector.js';
import type { Model } from '../model/source.js';

const CACHE_VERSION = 1; // raised when the same texts would give other embeddings

/** What encoding prompts depends on. */
export interface PromptSource {
  readonly model: Model;
  readonly allowTruncate: boolean;
  /** Where a prompt was written, for messages: `file:line:column`. */
  readonly whereOf: (prompt: string) => string;
}

/** The queries of an ontology, under a key that stands for all of it. */
export interface PreparedQueries extends QueryBank {
  readonly key: string;
}

type Encode = (tokenIds: readonly (readonly number[])[]) => Promise<Float32Array>;

/** Turns ontologies into query embeddings: from the disk cache, else through the text encoder, once. */
export class PromptEncoder {
  readonly #source: PromptSource;
  readonly #encode: Encode;

  constructor(source: PromptSource, encode: Encode) {
    this.#source = source;
    this.#encode = encode;
  }

  /** @throws PreannotateError ONTOLOGY_INVALID when prompts are longer than the model reads. */
  async prepare(ontology: Ontology): Promise<PreparedQueries> {
    const { model, allowTruncate } = this.#source;
    const texts = ontology.queries.map((query) => query.texts);
    const classIds = ontology.queries.map(({ classId }) => classId);
    const cacheKey = sha256Of(JSON.stringify([CACHE_VERSION, model.key, allowTruncate, texts]));
    const key = sha256Of(JSON.stringify([cacheKey, classIds]));
    const width = model.checkpoint.config.text_config.hidden_size;
    const cached = await readCached('embeddings', cacheKey);
    if (cached?.length === texts.length * width * 4) {
      return { key, classIds, embeddings: new Float32Array(Uint8Array.from(cached).buffer) };
    }
    const tokenIds = await this.#tokenise(ontology);
    const embeddings = averaged(await this.#encode(tokenIds), texts, width);
    await writeCached('embeddings', cacheKey, new Uint8Array(embeddings.buffer));
    return { key, classIds, embeddings };
  }

  async #tokenise(ontology: Ontology): Promise<number[][]> {
    const { model, allowTruncate, whereOf } = this.#source;
    // Loaded here because a known ontology needs no tokenizer, and its vocabulary takes 0.15 s to read.
    const { PromptTokenizer } = await import('../model/tokenizer.js');
    const { folder, config } = model.checkpoint;
    const tokenizer = await PromptTokenizer.open(folder, config.text_config.max_position_embeddings);
    const tooLong: string[] = [];
    const tokenIds = ontology.queries.flatMap(({ prompt, texts }) =>
      texts.map((text) => {
        const ids = tokenizer.encode(text);
        if (ids.length > tokenizer.maxTokens) {
          const kept = printable(tokenizer.keptText(ids));
          tooLong.push(
            `${whereOf(prompt)}: "${printable(text)}" is ${ids.length} tokens long, the model reads ${tokenizer.maxTokens}: "${kept}".`,
          );
        }
        return tokenizer.truncate(ids);
      }),
    );
    if (tooLong.length > 0 && !allowTruncate) {
      throw new PreannotateError({
        code: 'ONTOLOGY_INVALID',
        message: tooLong.join('\n'),
        hint: 'Shorten the prompts, or give --allow-truncate to use what is kept of them.',
      });
    }
    return tokenIds;
  }
}

/** Mean of each query's text embeddings, normalised again: [texts, T] to [Q, T]. */
function averaged(embeddings: Float32Array, texts: readonly (readonly string[])[], width: number): Float32Array {
  const queries = new Float32Array(texts.length * width);
  let from = 0;
  for (const [query, { length }] of texts.entries()) {
    const mean = queries.subarray(query * width, (query + 1) * width);
    for (const end = from + length * width; from < end; from += width) {
      for (let i = 0; i < width; i++) mean[i]! += embeddings[from + i]!;
    }
    const norm = Math.hypot(...mean);
    if (length > 1) for (let i = 0; i < width; i++) mean[i]! /= norm;
  }
  return queries;
}
