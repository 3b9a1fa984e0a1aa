import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../../src/core/detection.js';
import type { GalleryPack } from '../../../../src/core/gallery/pack.js';
import type { DecidedBox, Decision } from '../../../../src/core/review/decision.js';
import { BoxTable } from '../../../../src/page/gallery/data/box-table.js';
import { NO_FILTER, type Filter, type Reviewed } from '../../../../src/page/gallery/data/filter.js';
import { orderByBestBox, orderImages, type Sort } from '../../../../src/page/gallery/data/order.js';
import { packOf } from '../../../support/review/packs.js';

const UNREVIEWED: Reviewed = { decisions: new Map(), hasSuggestions: () => false };

describe('the order of images', () => {
  const images = [
    [box(0, 0.3), box(1, 0.11)], // 0.01 above a threshold
    [box(1, 0.9)],
    [],
    [box(2, 0.5), box(0, 0.096)], // 0.004 below one
    [box(0, 0.9)],
  ];

  it.each([
    ['name', [0, 1, 2, 3, 4]],
    ['uncertainty', [3, 0, 1, 4, 2]], // boxes below a threshold count; images without boxes are last
    ['score', [1, 4, 3, 0, 2]],
    ['class', [0, 4, 1, 3, 2]],
  ] as const)('by %s is %j', (by, expected) => {
    expect(orderOf(packOf(images), { sort: { by, isReversed: false } })).toEqual(expected);
    expect(orderOf(packOf(images), { sort: { by, isReversed: true } })).toEqual([...expected].reverse());
  });

  it('by uncertainty looks at boxes of the chosen classes alone, and at the thresholds as they were moved', () => {
    const view = { sort: { by: 'uncertainty', isReversed: false }, filter: { classes: [1] } } as const;
    expect(orderOf(packOf(images), view)).toEqual([0, 1]);
    expect(orderOf(packOf(images), { ...view, thresholds: [0.1, 0.89, 0.1] })).toEqual([1]);
  });

  it('puts unreviewed images first, and those that are accepted last', () => {
    const reviewed = {
      ...UNREVIEWED,
      decisions: new Map([
        [0, decided('accepted')],
        [1, decided('open')],
      ]),
    };
    expect(orderOf(packOf(images), { sort: { by: 'unreviewed', isReversed: false }, reviewed })).toEqual([
      2, 3, 4, 1, 0,
    ]);
  });

  it('puts near duplicates together, where the first of them is, and images like no other last', () => {
    const pack = packOf(images);
    const grouped: GalleryPack = {
      ...pack,
      facts: { ...pack.facts, images: { ...pack.facts.images, groups: [0, 7, 2, 7, 2] } },
    };
    expect(orderOf(grouped, { sort: { by: 'similar', isReversed: false } })).toEqual([1, 3, 2, 4, 0]);
  });

  it('of an answer has its best boxes first, and leaves out images without one', () => {
    const table = new BoxTable(packOf(images), [0.2, 0.2, 0.2]);
    expect([...orderByBestBox(table, [0, 1, 2, 3])]).toEqual([1, 3, 0]);
  });
});

describe('the filter', () => {
  const images = [[box(0, 0.3), box(1, 0.7)], [box(1, 0.4)], [box(2, 0.05)], []];
  const reviewed: Reviewed = {
    decisions: new Map([
      [1, decided('open', { status: 'rejected', class: 'class 1', score: 0.4 })],
      [3, decided('accepted', { status: 'drawn', class: 'class 2' })],
    ]),
    hasSuggestions: (image) => image === 3,
  };

  it.each<[string, Partial<Filter>, number[]]>([
    ['nothing', {}, [0, 1, 2, 3]],
    ['text of a name, in any case', { text: 'MAGE-000002' }, [2]],
    ['a class that is shown', { classes: [0] }, [0]],
    ['one of two classes, of the model or drawn', { classes: [0, 2] }, [0, 3]],
    ['a class below its threshold', { classes: [2] }, [3]],
    ['a prompt', { prompt: 0 }, [0]],
    ['scores from a bound on', { minScore: 0.6 }, [0, 3]],
    ['scores up to a bound', { maxScore: 0.35 }, [0]],
    ['a class and a score of one and the same box', { classes: [1], maxScore: 0.35 }, []],
    ['images without a decision', { state: 'untouched' }, [0, 2]],
    ['images that were begun', { state: 'open' }, [1]],
    ['accepted images', { state: 'accepted' }, [3]],
    ['accepted images in which a later run found more', { state: 'suggested' }, [3]],
    ['images in which nothing is shown', { state: 'empty' }, [2]],
    ['images that were annotated with less', { state: 'degraded' }, []],
  ])('%s', (_, filter, expected) => {
    expect(orderOf(packOf(images), { filter, reviewed })).toEqual(expected);
  });
});

interface View {
  readonly filter?: Partial<Filter>;
  readonly sort?: Sort;
  readonly thresholds?: readonly number[];
  readonly reviewed?: Reviewed;
}

function orderOf(pack: GalleryPack, { filter, sort, thresholds, reviewed }: View): number[] {
  const table = new BoxTable(pack, thresholds ?? [0.1, 0.1, 0.1]);
  table.advance(() => false);
  const view = { filter: { ...NO_FILTER, ...filter }, sort: sort ?? { by: 'name' as const, isReversed: false } };
  return [...orderImages(table, view, reviewed ?? UNREVIEWED)];
}

function box(classId: number, score: number): Detection {
  const corner = 100 * classId;
  const patchId = Math.round(score * 1000) + classId;
  return { classId, queryId: classId, patchId, score, box: [corner, corner, corner + 50, corner + 50] };
}

function decided(state: Decision['state'], ...boxes: Partial<DecidedBox>[]): Decision {
  const all = boxes.map((one, i): DecidedBox => {
    const from = one.status === 'rejected' ? ([100, 100, 150, 150] as const) : undefined;
    const id = one.status === 'rejected' ? 'p401' : `n${i}`;
    return { id, status: 'kept', class: '', box: [100, 100, 150, 150], ...(from && { from }), ...one };
  });
  return { image: '', sha256: '', revision: 1, state, boxes: all, author: '', at: '' };
}
