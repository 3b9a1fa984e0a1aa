import { findReplaced } from '../../run/review/replaced-images.js';
import type { ReviewSession } from '../review-session.js';

/**
 * Lists images whose files are other ones since they were decided on: such decisions do not count, as in `export`.
 *
 * @returns Their ids.
 */
export async function listReplaced(session: ReviewSession): Promise<number[]> {
  const [decisions, { images }] = await Promise.all([session.decisions(), session.facts()]);
  if (decisions.length === 0) return [];
  const { journal, sources } = session.run();
  const names = decisions.map(({ image }) => image).filter((name) => journal.entries.has(name));
  const replaced = await findReplaced(names, { root: session.imageRoot, journal, sources });
  return images.ids.filter((_, index) => replaced.has(images.names[index]!));
}
