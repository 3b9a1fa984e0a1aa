import { describe, expect, it } from 'vitest';
import { IGNORED } from '../../src/core/ontology.js';
import { countQueryCells, groupQueries, buildQueryInputs, type QueryBank } from '../../src/model/query-groups.js';

const WIDTH = 2;
const bank = (...classIds: number[]): QueryBank => ({
  embeddings: Float32Array.from({ length: classIds.length * WIDTH }, (_, i) => classIds.length + i / 10),
  classIds,
});
const classes = (count: number) => bank(...Array.from({ length: count }, (_, i) => i));

describe('the cells of queries that a patch is compared with', () => {
  it('are those of all banks together, each class as wide as the widest of them', () => {
    expect(countQueryCells([classes(5000)])).toBe(5000);
    expect(countQueryCells([bank(0, 1), bank(0, 0, 1)])).toBe(4 * 2);
    expect(countQueryCells([bank(...Array<number>(100).fill(0)), classes(20)])).toBe(21 * 100);
  });
});

describe('the inputs of the image graph', () => {
  it('are for one bank its queries by class, none of them masked', () => {
    const own = bank(1, IGNORED, 1, 0);
    const inputs = buildQueryInputs(groupQueries([own]), [own, own]);
    expect(inputs.queries.data).toBe(own.embeddings); // not copied
    expect([...inputs.groups.data].map(Number)).toEqual([1, 1, 3, 3, 0, 2]);
    expect(inputs.groups.dims).toEqual([3, 2]);
    expect([...inputs.offsets.data]).toEqual([-Infinity, 0, 0]);
    expect([...inputs.allowed.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(inputs.allowed.dims).toEqual([2, 3]);
  });

  it('are for several banks all of their queries, and a mask of which image looks for which', () => {
    const [first, second] = [bank(0, 0), bank(1, IGNORED, 1)];
    const banks = [first, second, first];
    const groups = groupQueries(new Set(banks));
    expect(groups.map(({ classId, members }) => [classId, members])).toEqual([
      [0, [0, 1]],
      [IGNORED, [1, 1]],
      [1, [0, 2]],
    ]);
    const inputs = buildQueryInputs(groups, banks);
    expect(inputs.queries.data).toEqual(Float32Array.of(...first.embeddings, ...second.embeddings));
    expect(inputs.queries.dims).toEqual([5, WIDTH]);
    expect([...inputs.groups.data].map(Number)).toEqual([0, 1, 3, 3, 2, 4]);
    expect([...inputs.offsets.data]).toEqual([0, -Infinity, 0]);
    expect([...inputs.allowed.data].map((value) => value === 0)).toEqual(
      [
        [true, false, false],
        [false, true, true],
        [true, false, false],
      ].flat(),
    );
  });

  it('mask with a number that float16 can hold, also twice of it', () => {
    const banks = [bank(0), bank(0)];
    const least = Math.min(...buildQueryInputs(groupQueries(banks), banks).allowed.data);
    expect(2 * least).toBeGreaterThan(-65504);
    expect(least).toBeLessThan(-10_000);
  });
});
