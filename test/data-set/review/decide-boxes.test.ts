import { describe, expect, it } from 'vitest';
import type { ModelBox } from '../../../src/core/review/model-box.js';
import type { Xyxy } from '../../../src/core/box.js';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import { decideBoxes, type DrawnBox, type ImageToDecide } from '../../../src/data-set/review/decide-boxes.js';

const A: Xyxy = [10, 10, 50, 50];
const B: Xyxy = [100, 10, 140, 50];
const model = (patchId: number, className: string, box: Xyxy): ModelBox => {
  return { patchId, class: className, prompt: `a ${className}`, score: 0.5, box };
};
const drawn = (className: string, box: Xyxy, tolerance = 0.05): DrawnBox => ({ class: className, box, tolerance });
const open = { state: 'open', boxes: [] } as const;
const image = (shown: readonly ModelBox[], rest: Partial<ImageToDecide> = {}): ImageToDecide => {
  return { shown, stored: shown, before: open, ...rest };
};
const brief = (boxes: readonly DecidedBox[]) => boxes.map(({ id, status, class: name }) => `${id} ${status} ${name}`);
const accept = (boxes: readonly DecidedBox[]) => ({ state: 'accepted', boxes }) as const;

describe('boxes that another program has', () => {
  it('are kept where they are as the model had them, which gives the place to all decimals', () => {
    const [box] = decideBoxes([drawn('cup', [10.02, 9.98, 50, 50])], image([model(7, 'cup', A)]));
    expect(box).toEqual({ id: 'p7', status: 'kept', class: 'cup', box: A, from: A, prompt: 'a cup', score: 0.5 });
  });

  it('are corrected where they were moved', () => {
    const moved: Xyxy = [12, 12, 52, 50];
    const [box] = decideBoxes([drawn('cup', moved)], image([model(7, 'cup', A)]));
    expect(box).toEqual({
      id: 'p7',
      status: 'corrected',
      class: 'cup',
      box: moved,
      from: A,
      prompt: 'a cup',
      score: 0.5,
    });
  });

  it('are corrected where they got another class, in the same place or nearly', () => {
    expect(brief(decideBoxes([drawn('mug', A)], image([model(7, 'cup', A)])))).toEqual(['p7 corrected mug']);
    expect(brief(decideBoxes([drawn('mug', [11, 10, 50, 50])], image([model(7, 'cup', A)])))).toEqual([
      'p7 corrected mug',
    ]);
  });

  it('are drawn where they overlap none of theirs by half, and of another class by three quarters', () => {
    const boxes = decideBoxes([drawn('mug', [20, 10, 60, 50])], image([model(7, 'cup', A)]));
    expect(brief(boxes)).toEqual(['p7 rejected cup', expect.stringMatching(/^i[0-9a-f]{12} drawn mug$/)]);
  });

  it('reject what they do not have', () => {
    const boxes = decideBoxes([drawn('cup', A)], image([model(7, 'cup', A), model(8, 'cup', B)]));
    expect(brief(boxes)).toEqual(['p7 kept cup', 'p8 rejected cup']);
  });

  it('are paired one to one, exact places first', () => {
    const near: Xyxy = [12, 10, 52, 50];
    const boxes = decideBoxes(
      [drawn('cup', [11, 10, 51, 50]), drawn('cup', near)],
      image([model(7, 'cup', A), model(8, 'cup', near)]),
    );
    expect(brief(boxes)).toEqual(['p7 corrected cup', 'p8 kept cup']);
  });

  it('of two drafts in nearly one place take the one with their place, though its class was another', () => {
    const near: Xyxy = [12, 10, 52, 50];
    const boxes = decideBoxes([drawn('mug', A)], image([model(7, 'cup', A), model(8, 'mug', near)]));
    expect(brief(boxes)).toEqual(['p7 corrected mug', 'p8 rejected mug']);
  });

  it('are kept where they are boxes of the model that its thresholds hide now', () => {
    const boxes = decideBoxes([drawn('cup', B)], image([], { stored: [model(8, 'cup', B)] }));
    expect(brief(boxes)).toEqual(['p8 kept cup']);
  });

  it('have a draft of another class once, where one patch stands under both', () => {
    const shown = model(7, 'cup', A);
    const boxes = decideBoxes([drawn('mug', A)], image([shown], { stored: [shown, model(7, 'mug', A)] }));
    expect(brief(boxes)).toEqual(['p7 corrected mug']);
  });

  it('are one box of the model at most, where a patch stands under both of their classes', () => {
    const stored = [model(8, 'cup', B), model(8, 'mug', B)];
    const boxes = decideBoxes([drawn('cup', B), drawn('mug', B)], image([], { stored }));
    expect(brief(boxes)).toEqual(['p8 kept cup', expect.stringMatching(/ drawn mug$/)]);
  });

  it('with whole pixels are kept within half a pixel', () => {
    const found = model(7, 'cup', [10.4, 9.6, 50.5, 49.7]);
    expect(brief(decideBoxes([drawn('cup', [10, 10, 51, 50], 0.51)], image([found])))).toEqual(['p7 kept cup']);
  });
});

describe('boxes of an image that was decided on before', () => {
  const shown = [model(7, 'cup', A), model(8, 'cup', B)];
  const C: Xyxy = [10, 100, 50, 140];
  const before = decideBoxes([drawn('mug', A), drawn('cup', C)], image(shown));

  it('stay as they were decided on, where they are the same', () => {
    const again = decideBoxes([drawn('mug', A), drawn('cup', C)], image(shown, { before: accept(before) }));
    expect(again).toEqual(before);
  });

  it('are put back where they were rejected', () => {
    const boxes = decideBoxes([drawn('cup', B)], image(shown, { before: accept(before) }));
    expect(brief(boxes)).toEqual(['p7 rejected mug', 'p8 kept cup']);
  });

  it('are as the model had them, where a correction was taken back', () => {
    const [box] = decideBoxes([drawn('cup', A)], image(shown, { before: accept(before) }));
    expect(box).toMatchObject({ id: 'p7', status: 'kept', class: 'cup', box: A });
  });

  it('keep the id of one that was drawn and then moved', () => {
    const { id } = before.find(({ status }) => status === 'drawn')!;
    const boxes = decideBoxes([drawn('cup', [12, 100, 52, 140])], image(shown, { before: accept(before) }));
    expect(boxes.at(-1)).toEqual({ id, status: 'drawn', class: 'cup', box: [12, 100, 52, 140] });
  });

  it('have other ids than a box that was drawn in their place and then moved', () => {
    const D: Xyxy = [100, 100, 140, 140];
    const moved = decideBoxes([drawn('cup', [12, 100, 52, 140])], image([], { before: accept(before) }));
    const boxes = decideBoxes(
      [drawn('cup', [12, 100, 52, 140]), drawn('cup', D)],
      image([], { before: accept(moved) }),
    );
    const both = decideBoxes([drawn('cup', D), drawn('cup', C)], image([], { before: accept(boxes) }));
    expect(new Set(both.map(({ id }) => id)).size).toBe(both.length);
  });

  it('decide nothing about what a later run found in an image that is accepted', () => {
    const later = [...shown, model(9, 'cup', [200, 10, 240, 50])];
    expect(decideBoxes([drawn('mug', A), drawn('cup', C)], image(later, { before: accept(before) }))).toEqual(before);
  });

  it('get another id where another model had a box with their number elsewhere', () => {
    const other = model(8, 'cup', [200, 10, 240, 50]);
    const boxes = decideBoxes([drawn('cup', other.box)], image([other], { before: { state: 'open', boxes: before } }));
    expect(boxes.filter(({ id }) => id === 'p8')).toEqual(before.filter(({ id }) => id === 'p8'));
    expect(boxes.at(-1)).toMatchObject({ id: 'p8-2', status: 'kept', class: 'cup', box: other.box, from: other.box });
  });
});
