import type { Change, DecidedBox, Decision } from '../../../core/review/decision.js';
import { pageOfStep, subjectOf, type Overwritten, type SavedDecision } from '../../../core/review/overwritten.js';

/** Who reads it. */
interface Reader {
  readonly page: string;
  readonly author: string;
}

/**
 * Says which changes of this page and of another one met: a step of either was made without having seen the other's.
 *
 * @returns undefined where none did.
 */
export function describeOverwriting(decision: SavedDecision, { page, author }: Reader): string | undefined {
  const { overwrote = [], step, image } = decision;
  const isOwn = pageOfStep(step) === page;
  const met = isOwn ? overwrote : overwrote.filter((one) => pageOfStep(one.step) === page);
  const [first] = met;
  if (first === undefined) return undefined;
  const by = isOwn ? first.author : decision.author;
  const who = by === author ? 'Another page' : by; // all pages of one server have the same author
  const what = met.length === 1 ? describeOne(first, decision, isOwn) : describeSeveral(met, decision);
  const isOne = met.length === 1;
  const outcome = isOwn ? 'replaced that' : isOne ? 'was replaced' : 'were replaced';
  return `${who} ${what} in ${image} at the same time as you. Your ${isOne ? 'change' : 'changes'} ${outcome}.`;
}

/** What the other page did to a box, or to the image. */
function describeOne({ change }: Overwritten, decision: SavedDecision, isOwn: boolean): string {
  if (change.op === 'state') {
    const state = isOwn ? change.state : decision.state;
    return state === 'accepted' ? 'accepted all boxes' : 'reopened the image';
  }
  const [before, now] = [change.op === 'set' ? change.box : undefined, boxNow(change, decision)];
  const [theirs, mine] = isOwn ? [before, now] : [now, before];
  const name = mine?.class ?? theirs?.class;
  const box = name === undefined ? 'a box' : `the ${name}`;
  if (theirs === undefined) return `deleted ${box}`;
  if (theirs.status === 'rejected') return `rejected ${box}`;
  if (mine !== undefined && mine.class !== theirs.class) return `changed ${box} to ${theirs.class}`;
  return theirs.status === 'kept' ? `kept ${box}` : `moved ${box}`;
}

/** `changed 3 boxes (bottle, cup)` */
function describeSeveral(met: readonly Overwritten[], decision: SavedDecision): string {
  const boxes = met.filter(({ change }) => change.op !== 'state');
  const names = boxes.map(({ change }) => (change.op === 'set' ? change.box : boxNow(change, decision))?.class);
  const classes = [...new Set(names)].filter((name) => name !== undefined).sort();
  const list = classes.length === 0 ? '' : ` (${classes.join(', ')})`;
  return `changed ${boxes.length === 1 ? 'a box' : `${boxes.length} boxes`}${list}`;
}

function boxNow(change: Change, { boxes }: Decision): DecidedBox | undefined {
  return boxes.find((box) => `box ${box.id}` === subjectOf(change));
}
