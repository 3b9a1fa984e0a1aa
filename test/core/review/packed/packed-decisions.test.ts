import { describe, expect, it } from 'vitest';
import type { DecidedBox, Decision } from '../../../../src/core/review/decision.js';
import { decodeDecisions, encodeDecisions } from '../../../../src/core/review/packed/packed-decisions.js';
import { progressOf } from '../../../../src/core/review/progress.js';
import { countBoxes, someBox, StoredDecision } from '../../../../src/core/review/stored/stored-decision.js';
import { unpackDecisions } from '../../../../src/core/review/packed/unpack-decisions.js';
import { boxOf } from '../../../../src/page/gallery/data/box-table.js';
import { largePack } from '../../../support/review/packs.js';

const built = largePack(40);
const digests = built.facts.images.names.map((_, i) => `digest-${i}`);
const pack = { facts: { ...built.facts, images: { ...built.facts.images, digests } }, boxes: built.boxes };
const { names } = pack.facts.images;
const run = { ...pack, tag: 'tag of the pack', indexByName: new Map(names.map((name, index) => [name, index])) };

/** A box of the pack as people decide on it. */
function decide(row: number, changed: Partial<DecidedBox> = {}): DecidedBox {
  const { patchId, classId, queryId, score, box } = boxOf(pack, row);
  const name = pack.facts.classes[classId]!.name;
  const prompt = pack.facts.prompts[queryId]!.text;
  return { id: `p${patchId}`, status: 'kept', class: name, box, from: box, prompt, score, ...changed };
}

const drawn: DecidedBox = { id: 'd1', status: 'drawn', class: 'class 1', box: [1, 2, 30.25, 40] };

function decideAll(): Decision[] {
  return names.map((image, i): Decision => {
    const [start, end] = [pack.boxes.starts[i]!, pack.boxes.starts[i + 1]!];
    const rows = Array.from({ length: end - start }, (_, n) => start + n);
    const boxes = rows.map((row, n): DecidedBox => {
      if (n % 5 === 1) return decide(row, { status: 'rejected' });
      if (n % 5 === 2) return decide(row, { status: 'corrected', box: [0, 0, 9.5, 10] });
      if (n % 5 === 3) return decide(row, { id: `${decide(row).id}-2` });
      return decide(row);
    });
    if (i % 2 === 1) boxes.reverse();
    return {
      image,
      sha256: digests[i]!,
      revision: 7 + 3 * i,
      state: i % 3 === 0 ? 'open' : 'accepted',
      boxes: i % 4 === 0 ? [...boxes, drawn] : boxes,
      author: i % 2 === 0 ? 'Ana' : 'é 日本',
      at: i === 5 ? 'yesterday' : new Date(1_780_000_000_000 + 1000 * i).toISOString(),
    };
  });
}

const unpack = (all: readonly Decision[]) => unpackDecisions(decodeDecisions(encodeDecisions(all, run)), pack);

describe('packed decisions', () => {
  it('give every decision back, whatever became of its boxes, and however its time is written', () => {
    const all = decideAll();
    expect(unpack(all).map((decision) => ({ ...decision }))).toEqual(all);
    expect(unpack([])).toEqual([]);
  });

  it('take two bytes for a box that is as the model found it', () => {
    const kept = decideAll().map((one, i): Decision => {
      const [start, end] = [pack.boxes.starts[i]!, pack.boxes.starts[i + 1]!];
      return { ...one, boxes: Array.from({ length: end - start }, (_, n) => decide(start + n)) };
    });
    const packed = decodeDecisions(encodeDecisions(kept, run));
    expect([packed.tag, packed.others, packed.boxes.length]).toEqual([run.tag, [], pack.boxes.scores.length]);
  });

  it('have boxes as they are that only look like one of the model', () => {
    const { box } = decide(0);
    const alike = [
      decide(0, { score: 0.5 }),
      decide(0, { class: 'another' }),
      decide(0, { prompt: 'another' }),
      decide(0, { box: [box[0], box[1], box[2] + 0.01, box[3]] }),
      decide(0, { from: [box[0], box[1], box[2] + 0.01, box[3]] }),
      decide(0, { id: 'p9999' }),
      { id: decide(0).id, status: 'kept', class: decide(0).class, box } as const,
    ];
    const all = alike.map((one): Decision => ({ ...decideAll()[0]!, boxes: [one] }));
    expect(unpack(all).map(({ boxes }) => boxes[0])).toEqual(alike);
  });

  it('are counted and searched as they would be with their boxes made, which they do not make', () => {
    const all = decideAll();
    const packed = unpack(all);
    const progress = (decisions: Decision[]) => progressOf(decisions.map((decision) => ({ drafts: 1, decision })));
    expect(progress(packed)).toEqual(progress(all));
    expect(packed.map(countBoxes)).toEqual(all.map(countBoxes));
    for (const isWanted of [
      (box: Partial<DecidedBox>) => box.status === 'corrected',
      (box: Partial<DecidedBox>) => box.class === 'class 3' && (box.score ?? 1) > 0.4,
      (box: Partial<DecidedBox>) => box.prompt === 'a photo of class 5',
    ]) {
      expect(packed.map((one) => someBox(one, isWanted))).toEqual(all.map((one) => someBox(one, isWanted)));
    }
    expect(packed.every((one) => StoredDecision.sourceOf(one) !== undefined)).toBe(true);
    expect(packed[1]!.boxes).toBe(packed[1]!.boxes);
    expect(StoredDecision.sourceOf(packed[1]!)).toBeUndefined();
  });

  it('of another form, or not all of them, are refused', () => {
    const bytes = encodeDecisions(decideAll(), run);
    expect(() => decodeDecisions(bytes.slice(0, -8))).toThrow(/not complete|range|bounds|length/i);
    expect(() => decodeDecisions(new Uint8Array(64))).toThrow('of another version');
  });
});
