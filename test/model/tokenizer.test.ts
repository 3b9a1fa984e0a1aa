import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PromptTokenizer } from '../../src/model/tokenizer.js';
import { FIXTURES, goldenCases, SHARED } from '../support/model/golden.js';

const CLIP = join(SHARED, 'golden/tokenizer/clip');
const CLIP_CASES = join(SHARED, 'golden/tokenizer/clip_cases.json');

interface ClipCase {
  readonly text: string;
  readonly input_ids: number[];
  readonly untruncated_length: number;
}

/** A copy of a checkpoint's tokenizer in the older layout, without tokenizer.json. */
async function olderLayout(folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'preannotate-tokenizer-'));
  for (const name of ['vocab.json', 'merges.txt', 'tokenizer_config.json'])
    await cp(join(folder, name), join(copy, name));
  return copy;
}

describe('PromptTokenizer', () => {
  it.each(['owlvit-tiny', 'owlv2-tiny'])(
    '%s gives the same ids from vocab.json and merges.txt alone',
    async (model) => {
      const folder = join(FIXTURES, 'models', model);
      const copy = await olderLayout(folder);
      const texts = goldenCases('forward').flatMap((golden) => golden.texts.flat().map((text) => text!));
      const [newer, older] = [await PromptTokenizer.open(folder, 16), await PromptTokenizer.open(copy, 16)];
      await rm(copy, { recursive: true });
      expect(texts.length).toBeGreaterThan(40);
      for (const text of texts) expect(older.encode(text)).toEqual(newer.encode(text));
    },
  );

  it('truncates to 16 tokens, keeps the end token, and returns the text that is kept', async () => {
    const tokenizer = await PromptTokenizer.open(join(FIXTURES, 'models/owlvit-emoji'), 16);
    const ids = tokenizer.encode(
      'a bottle of wine on a table beside a bottle of wine on a table beside a bottle of wine',
    );
    expect(ids.length).toBeGreaterThan(16);
    const kept = tokenizer.truncate(ids);
    expect(kept).toHaveLength(16);
    expect(kept.at(-1)).toBe(1413);
    expect(tokenizer.truncatedText(ids)).toMatch(/^a bottle of wine on a table beside/);
    expect(tokenizer.truncatedText(ids)).not.toMatch(/endoftext/);
  });

  it('lower-cases each letter by itself, as the reference does: a sigma at the end of a word too', async () => {
    const tokenizer = await PromptTokenizer.open(join(FIXTURES, 'models/owlvit-emoji'), 16);
    expect(tokenizer.encode('ΟΔΟΣ')).toEqual(tokenizer.encode('οδοσ'));
    expect(tokenizer.encode('ΟΔΟΣ')).not.toEqual(tokenizer.encode('οδος'));
    expect(tokenizer.encode('İ')).toEqual(tokenizer.encode('i\u0307'));
  });

  it('a folder without tokenizer files is an error that names it', async () => {
    await expect(PromptTokenizer.open(join(FIXTURES, 'scenes'), 16)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(join(FIXTURES, 'scenes')),
    });
  });

  describe.skipIf(!existsSync(CLIP_CASES))('with the real CLIP vocabulary (skipped where ../shared is absent)', () => {
    it.each(['tokenizer.json', 'vocab.json and merges.txt'])(
      'every reference string gets its ids, from %s',
      async (layout) => {
        const folder = layout === 'tokenizer.json' ? CLIP : await olderLayout(CLIP);
        const tokenizer = await PromptTokenizer.open(folder, 16);
        const { cases } = JSON.parse(readFileSync(CLIP_CASES, 'utf8')) as { cases: ClipCase[] };
        expect(cases.length).toBe(233);
        for (const { text, input_ids: expected, untruncated_length: length } of cases) {
          const ids = tokenizer.encode(text);
          expect.soft(ids.length, text).toBe(length);
          const kept = tokenizer.truncate(ids);
          expect.soft([...kept, ...Array<number>(16 - kept.length).fill(0)], text).toEqual(expected);
        }
      },
    );
  });
});
