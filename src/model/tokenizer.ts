import { join } from 'node:path';
import * as library from '@huggingface/tokenizers';
import { z } from 'zod';
import { lowerSigmas } from '../core/prompts/canonical-prompt.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import { hasEntry, readWholeFile } from '../disk/readable-file.js';
import { readJson, withModelFileErrors } from './checkpoint/json-file.js';

const MAX_MERGES_BYTES = 64 << 20;

const START = '<|startoftext|>';
const END = '<|endoftext|>';
const PAD = '!'; // OWL-ViT pads with token 0, which is "!"

/** What is used of the library, whose own type declarations do not resolve for Node's ES modules. */
interface Tokenizer {
  encode(text: string): { readonly ids: number[] };
  decode(ids: readonly number[], options: { skip_special_tokens: boolean }): string;
}
const { Tokenizer } = library as unknown as { Tokenizer: new (definition: object, config: object) => Tokenizer };

/** Turns texts into token ids as the checkpoint's own tokenizer does. */
export class PromptTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly maxTokens: number;

  private constructor(tokenizer: Tokenizer, maxTokens: number) {
    this.#tokenizer = tokenizer;
    this.maxTokens = maxTokens;
  }

  /**
   * Reads tokenizer.json, or vocab.json and merges.txt as older checkpoints have them.
   *
   * @param maxTokens - Positions of the text encoder, 16 for every published checkpoint.
   * @throws PreannotateError MODEL_INVALID naming the folder.
   */
  static async open(folder: string, maxTokens: number): Promise<PromptTokenizer> {
    try {
      const definition = hasEntry(join(folder, 'tokenizer.json'))
        ? await readJson(join(folder, 'tokenizer.json'), z.looseObject({}))
        : await readClipDefinition(folder);
      const configFile = join(folder, 'tokenizer_config.json');
      const config = hasEntry(configFile) ? await readJson(configFile, z.looseObject({})) : {};
      return new PromptTokenizer(new Tokenizer(definition, config), maxTokens);
    } catch (error) {
      if (error instanceof PreannotateError) throw error;
      throw new PreannotateError(
        {
          code: 'MODEL_INVALID',
          message: `${folder}: the tokenizer cannot be read: ${messageOf(error)}.`,
          hint: 'The folder needs tokenizer.json, or vocab.json and merges.txt. Fetch the checkpoint again.',
        },
        error,
      );
    }
  }

  /** Token ids with start and end tokens, however many there are. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(lowerSigmas(text)).ids; // which the library lower-cases as JavaScript does
  }

  /** The first `maxTokens` ids; the last of them is the end token, as the original truncates. */
  truncate(ids: readonly number[]): number[] {
    return ids.length <= this.maxTokens ? [...ids] : [...ids.slice(0, this.maxTokens - 1), ids.at(-1)!];
  }

  /** What the model would read of a text that is too long, in words. */
  truncatedText(ids: readonly number[]): string {
    return this.#tokenizer.decode(this.truncate(ids), { skip_special_tokens: true }).trim();
  }
}

const SPECIAL = { single_word: false, lstrip: false, rstrip: false, special: true };

const NORMALIZER = {
  type: 'Sequence',
  normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }],
};

const PRE_TOKENIZER = {
  type: 'Sequence',
  pretokenizers: [
    {
      type: 'Split',
      pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
      behavior: 'Removed',
      invert: true,
    },
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  ],
};

/** The definition that transformers' CLIPTokenizer stands for, from the two files of the older layout. */
async function readClipDefinition(folder: string): Promise<object> {
  const vocab = await readJson(join(folder, 'vocab.json'), z.record(z.string(), z.number()));
  const mergesFile = join(folder, 'merges.txt');
  const merges = (await withModelFileErrors(() => readWholeFile(mergesFile, MAX_MERGES_BYTES)))
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#version'));
  return {
    version: '1.0',
    added_tokens: [PAD, START, END].map((content) => ({
      ...SPECIAL,
      id: vocab[content],
      content,
      normalized: content !== PAD,
    })),
    normalizer: NORMALIZER,
    pre_tokenizer: PRE_TOKENIZER,
    post_processor: {
      type: 'RobertaProcessing',
      sep: [END, vocab[END]],
      cls: [START, vocab[START]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  };
}
