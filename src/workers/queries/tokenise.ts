import { PreannotateError } from '../../core/errors.js';
import { findPlace, type OntologyPlaces, type Query } from '../../core/ontology.js';
import { printable } from '../../core/text.js';
import { familyOf } from '../../model/families.js';
import type { PromptTokenizer } from '../../model/tokenizer.js';
import type { QuerySource } from './prepared-queries.js';

/** How prompts become tokens. */
interface Tokenising {
  readonly tokenizer: PromptTokenizer;
  readonly places: OntologyPlaces;
  readonly allowTruncate: boolean;
}

/**
 * The token ids of every text of the prompts.
 *
 * @throws PreannotateError ONTOLOGY_INVALID when some are longer than the model reads
 */
export function tokenisePrompts(
  prompts: readonly Query[],
  { tokenizer, places, allowTruncate }: Tokenising,
): number[][] {
  const tooLong: string[] = [];
  const tokenIds = prompts.flatMap(({ prompt, texts }) =>
    texts.map((text) => {
      const ids = tokenizer.encode(text);
      if (ids.length > tokenizer.maxTokens) {
        const kept = printable(tokenizer.truncatedText(ids));
        tooLong.push(
          `${findPlace(places, prompt)}: "${printable(text)}" is ${ids.length} tokens long, the model reads ` +
            `${tokenizer.maxTokens}: "${kept}".`,
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
      clientHint: 'Shorten the prompts.',
    });
  }
  return tokenIds;
}

/** Refuses prompts that the model cannot read, without opening it. @throws PreannotateError ONTOLOGY_INVALID */
export async function assertPromptsFit({
  ontology,
  model: { checkpoint },
  places,
  allowTruncate,
}: Pick<QuerySource, 'ontology' | 'model' | 'places' | 'allowTruncate'>): Promise<void> {
  const prompts = ontology.queries.filter(({ example }) => example === undefined);
  const tokenizer = await familyOf(checkpoint).openTokenizer(checkpoint);
  tokenisePrompts(prompts, { tokenizer, places, allowTruncate });
}
