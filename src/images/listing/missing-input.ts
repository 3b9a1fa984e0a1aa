import { access } from 'node:fs/promises';
import { messageOf, PreannotateError, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { findNearestPath } from '../../disk/nearest.js';
import { isPattern, splitList } from '../globs/pattern-text.js';

/** Names the input, and what was probably meant. */
export async function inputNotFoundError(input: string, cause: unknown): Promise<PreannotateError> {
  const isMissing = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '');
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: isMissing
        ? `There is no file or folder ${printable(input)}.`
        : `${printable(input)} cannot be read: ${printable(messageOf(cause))}.`,
      hint:
        (isMissing ? await suggestInput(input) : undefined) ??
        'Give folders, image files or globs. Quote globs, so that the shell does not expand them.',
    },
    cause,
  );
}

async function suggestInput(input: string): Promise<string | undefined> {
  if (input.startsWith('!')) return `To leave out images, use --exclude "${printable(input.slice(1))}".`;
  if (/^~[/\\]/.test(input)) return 'The shell replaces ~ only outside of quotes: give the path of your home folder.';
  const slash = /^(s3|https?):\/(?=[^/])/i.exec(input);
  if (slash !== null) return `Did you mean ${printable(`${slash[1]!}://${input.slice(slash[0].length)}`)}?`;
  const trimmed = input.trim();
  if (trimmed !== input && (await exists(trimmed))) return `Did you mean "${printable(trimmed)}", without the spaces?`;
  const slashes = input.replaceAll('\\', '/');
  if (slashes !== input && (await exists(slashes))) return `Did you mean "${printable(slashes)}"?`;
  const parts = splitList(input);
  const areThere = await Promise.all(parts.map(async (part) => isPattern(part) || (await exists(part))));
  if (parts.length > 1 && areThere.every(Boolean)) return 'Separate inputs by spaces, not by commas.';
  const nearest = isPattern(input) ? undefined : await findNearestPath(input);
  return nearest === undefined ? undefined : `Did you mean ${printable(nearest)}?`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
