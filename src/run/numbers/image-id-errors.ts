import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { ImageList } from './image-list.js';

/** A line of the journal. */
interface JournalledNumber {
  readonly path: string;
  readonly line: number;
  readonly name: string;
  readonly id: number;
}

/** @param other - The image of the list that contradicts the journal: the same one, or one with the same number. */
export function disagreeingError(journalled: JournalledNumber, list: ImageList, other: string): PreannotateError {
  const { path, line, name, id } = journalled;
  const listed = list.images.get(other);
  const place = listed === undefined ? '' : `${printable(list.path)}:${list.lineOf(other)} gives `;
  const what = other === name ? `it the number ${listed ?? ''}` : `that number to ${printable(other)}`;
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)}:${line} gives ${printable(name)} the number ${id}; ${place}${what}.`,
    hint: `Restore the file that is wrong from a copy. Without the list, the numbers are taken from the journal.`,
  });
}

/** @param names - Images without a number; none when there is no journal. */
export function unknownNumbersError({ path, form, problem }: ImageList, names: readonly string[]): PreannotateError {
  const what =
    problem ?? `${printable(path)} ${form === 'missing' ? 'does not exist' : `does not have ${shown(names)}`}`;
  const journal = names.length === 0 ? 'there is no journal' : `the journal has no number for ${shown(names)}`;
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${what}, and ${journal}. Other numbers must not be given: views that exist use them.`,
    hint:
      'Restore the file from a copy, or use --restart, which keeps the numbers that can be read and annotates all ' +
      'images again.',
  });
}

function shown([first = '', ...others]: readonly string[]): string {
  return `${printable(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}
