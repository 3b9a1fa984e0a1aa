import type { View } from './format.js';

/** What the boxes of a view are, for its files to state: `Drafted by preannotate 0.1.0; to be corrected by people`. */
export function describeOrigin({ onlyReviewed = false }: Pick<View, 'onlyReviewed'>, version?: string): string {
  const tool = version === undefined ? 'preannotate' : `preannotate ${version}`;
  if (onlyReviewed) return `Drafted by ${tool}, and reviewed by people`;
  return `Drafted by ${tool}${version === undefined ? ',' : ';'} to be corrected by people`;
}

/** @returns Nothing where a format says which images and boxes people have reviewed, or all are. */
export function noteUnmarked(text: string, { hasReview = false, onlyReviewed = false }: View): string[] {
  return hasReview && !onlyReviewed ? [text] : [];
}
