import { counted, printable } from '../../../core/text.js';
import type { ImportReport } from '../../../data-set/review/import-review.js';

/** What was imported, for people. */
export function formatImport({ images, empty, boxes }: ImportReport): string {
  const { accepted, replaced, unchanged } = images;
  const changed = accepted.length + replaced.length;
  const { kept, corrected, rejected, drawn } = boxes;
  const same = unchanged.length === 0 ? '' : `; ${unchanged.length} had these boxes already`;
  const without = empty === 0 ? '' : ` Without boxes: ${counted(empty, 'image')}; their drafts, if any, are rejected.`;
  if (changed === 0) return `Nothing was imported${same}.\n`;
  return (
    `Imported: ${counted(changed, 'image')}${same}. ` +
    `Boxes: ${kept} kept, ${corrected} corrected, ${rejected} rejected, ${drawn} drawn.${without}\n`
  );
}

/** What was imported, for programs. */
export function importToJson({ images, absent, untouched, empty, boxes }: ImportReport) {
  const { accepted, replaced, unchanged, newer, otherSize } = images;
  return {
    images: { accepted, replaced, unchanged, newer, other_size: otherSize, absent, untouched, empty },
    boxes,
  };
}

/** What a user should know about images that were not imported, or were reviewed before. */
export function notesOn(report: ImportReport): string[] {
  const { images, absent, untouched, notes } = report;
  const { replaced, newer, otherSize } = images;
  return [
    ...notes,
    ...noteOn('Reviewed before, and replaced (review.jsonl keeps what was decided then)', replaced),
    ...noteOn(
      'Left as they are, since they were reviewed after the data set was written (--overwrite-reviewed imports them)',
      newer,
    ),
    ...noteOn('Left out, because they have another size in the run', otherSize),
    ...noteOn('Left out, because the run does not have them', absent),
    ...noteOnSameAsDrafts(report),
    ...(untouched > 0 ? [`Not in the data set, and left as they are: ${counted(untouched, 'image')} of the run.`] : []),
  ];
}

/** Drafts are rarely this good: below it, most images were probably not looked at. */
const FEW = 0.02; // of the boxes
const ENOUGH_IMAGES = 10;

/** Asks whether the data set was corrected at all, since each of its images is accepted. */
function noteOnSameAsDrafts({ images, boxes }: ImportReport): string[] {
  const count = images.accepted.length + images.replaced.length;
  const changed = boxes.corrected + boxes.rejected + boxes.drawn;
  const isSame = count > 0 && changed === 0;
  const isFew = count >= ENOUGH_IMAGES && changed <= FEW * (boxes.kept + changed);
  if (!isSame && !isFew) return [];
  const accepted = `${counted(count, 'image')} ${count === 1 ? 'is' : 'are'} accepted`;
  const differ = isSame ? 'none with a changed box' : `with ${counted(changed, 'changed box', 'changed boxes')} in all`;
  return [
    `${accepted}, ${differ}: were they looked at? Every image of an imported data set counts as reviewed. ` +
      'Export only finished tasks from the labelling tool.',
  ];
}

const NAMED = 10;

/** `What became of them: 2 images: a.jpg, b.jpg.` */
function noteOn(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const list = names.slice(0, NAMED).map(printable).join(', ');
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return [`${what}: ${counted(names.length, 'image')}: ${list}${more}.`];
}
