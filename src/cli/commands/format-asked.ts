import type { AskedPrompt } from '../../dry-run.js';
import { counted, excerpt } from '../../core/text.js';

const SHOWN_PROMPTS = 10;

/** What the model is asked, a prompt a line; of many prompts, the first ones. */
export function formatAsked(asked: readonly AskedPrompt[]): string[] {
  const quote = (text: string) => `"${excerpt(text)}"`;
  const more = asked.length - SHOWN_PROMPTS;
  return [
    ...asked
      .slice(0, SHOWN_PROMPTS)
      .map(({ prompt, texts }) => `Asked for ${quote(prompt)}: ${texts.map(quote).join(', ')}`),
    ...(more > 0 ? [`Asked for ${counted(more, 'more prompt')}: see --dry-run --json.`] : []),
  ];
}
