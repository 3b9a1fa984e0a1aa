import { capitalised } from '../../../core/text.js';
import type { GalleryFailure } from '../../../core/gallery/pack.js';
import type { Filter } from './filter.js';

/** The failures that the filter leaves: of all it has, only the text in names is about them. */
export function filterFailures(failures: readonly GalleryFailure[], { text }: Pick<Filter, 'text'>): GalleryFailure[] {
  const wanted = text.toLowerCase();
  return failures.filter(({ name }) => name.toLowerCase().includes(wanted));
}

/** Why an image failed, as a sentence beside its name: messages mostly begin with the name. */
export function reasonOf({ name, message }: GalleryFailure): string {
  return capitalised(message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message);
}
