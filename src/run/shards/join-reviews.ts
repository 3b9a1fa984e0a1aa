import { NameList } from '../../core/name-list.js';
import { toChanges, type Decision } from '../../core/review/decision.js';
import { compareUtf8, counted } from '../../core/text.js';
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

/** Names the images of which a decision gives way to a later one, made elsewhere. */
export function noteSuperseded(parts: readonly Pick<Part, 'review'>[], whole: ReadonlyMap<string, Decision>): string[] {
  const seen = new Map<string, Decision>();
  const several = new Set<string>();
  for (const review of [whole, ...parts.map((part) => part.review)]) {
    for (const decision of review.values()) {
      const other = seen.get(decision.image);
      if (other === undefined) seen.set(decision.image, decision);
      else if (!isSameDecision(other, decision)) several.add(decision.image);
    }
  }
  if (several.size === 0) return [];
  const list = new NameList();
  for (const name of [...several].sort(compareUtf8)) list.add(name);
  return [
    `${counted(several.size, 'image')}, decided on differently in several places (${list.summary}): ` +
      'the latest decision counts, as a whole. The parts keep theirs in their review.jsonl, ' +
      "the whole run's file has its earlier ones.",
  ];
}

/** A part that was merged before has what the whole run has. */
function isSameDecision(a: Decision, b: Decision): boolean {
  return a.at === b.at && a.author === b.author && a.sha256 === b.sha256;
}
