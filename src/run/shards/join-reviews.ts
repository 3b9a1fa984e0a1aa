import type { Change, Decision } from '../../core/review/decision.js';
import type { ReviewStep } from '../review/review-journal.js';
import type { Part } from './read-part.js';

/**
 * What people decided in parts, and the whole run does not have yet. Where an image was decided on in several places,
 * the latest decision counts, as a whole.
 */
export function findNewDecisions(
  parts: readonly Pick<Part, 'review'>[],
  whole: ReadonlyMap<string, Decision>,
): ReviewStep[] {
  const latest = new Map<string, Decision>();
  for (const { review } of parts) {
    for (const decision of review.values()) {
      const other = latest.get(decision.image) ?? whole.get(decision.image);
      if (other === undefined || decision.at > other.at) latest.set(decision.image, decision);
    }
  }
  return [...latest.values()].map(({ image, sha256, author, at, ...decided }) => {
    return { image, sha256, author, at, changes: toChanges(whole.get(image), decided) };
  });
}

/** The changes that make one decision of another one. */
function toChanges(before: Decision | undefined, { state, boxes }: Pick<Decision, 'state' | 'boxes'>): Change[] {
  return [
    ...(before?.boxes ?? []).map(({ id }): Change => ({ op: 'forget', id })), // boxes keep the order of the later one
    ...boxes.map((box): Change => ({ op: 'set', box })),
    { op: 'state', state },
  ];
}
