import { problemsError } from '../../../config/problems.js';
import { excerpt } from '../../../core/text.js';

/**
 * What `--map` says.
 *
 * @param first - What the name before the equals sign is of, for the message.
 * @throws PreannotateError CONFIG_INVALID
 */
export function readRenamings(texts: readonly string[] = [], first: string): Map<string, string> {
  return new Map(texts.map((text) => readRenaming(text, first)));
}

function readRenaming(text: string, first: string): [from: string, to: string] {
  const at = text.indexOf('=');
  const [from, to] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at > 0 && from !== '' && to !== '') return [from, to];
  const advice = `Write the name of ${first} first: --map 'wine_glass=wine glass'.`;
  throw problemsError('CONFIG_INVALID', [{ message: `--map "${excerpt(text)}" is not old=new.`, advice }]);
}
