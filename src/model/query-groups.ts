import { IGNORED } from '../core/ontology.js';
import { ort } from '../onnx/runtime.js';

/** What to look for, as the model sees it. The same object stands for the same queries. */
export interface QueryBank {
  readonly embeddings: Float32Array; // [Q, T], unit vectors or means of such; compared as they are, except by exports
  readonly classIds: readonly number[]; // [Q], index into `ontology.classes` or IGNORED
}

/** The queries of one class of a bank: a patch scores as the best of them does. */
export interface QueryGroup {
  readonly bank: QueryBank;
  readonly classId: number;
  readonly members: readonly number[]; // [M] query ids in the bank; short rows repeat their last
}

/** What takes the pairs of an image with other images' groups out: far below any logit, and still finite in float16. */
const MASKED = -3e4;

/** How many queries a patch is compared with in a pass with these banks: groups x members, short rows filled up. */
export function countQueryCells(banks: readonly QueryBank[]): number {
  const classes = banks.map((bank) => [...groupByClass(bank).values()]);
  const groups = classes.reduce((sum, { length }) => sum + length, 0);
  return groups * Math.max(...classes.flat().map((queryIds) => queryIds.length));
}

/** The groups of several banks: bank by bank, and in each by class; IGNORED first where there is one. */
export function groupQueries(banks: Iterable<QueryBank>): QueryGroup[] {
  const groups = [...banks].flatMap((bank) => {
    const classes = [...groupByClass(bank)].sort(([a], [b]) => a - b);
    return classes.map(([classId, members]) => ({ bank, classId, members }));
  });
  const width = Math.max(...groups.map(({ members }) => members.length));
  return groups.map(({ bank, classId, members }) => ({ bank, classId, members: padRow(members, width) }));
}

/**
 * The inputs of the image graph beside its pixels.
 *
 * @param groups - Of the banks of all images.
 * @param banks - Of every image.
 * @returns `queries` [Q, T], `groups` [G, M], `offsets` [G] and `allowed` [N, G], as `buildImageGraph` takes them.
 */
export function buildQueryInputs(groups: readonly QueryGroup[], banks: readonly QueryBank[]) {
  const { queries, firsts } = joinBanks([...new Set(banks)]);
  const members = groups.flatMap(({ bank, members }) => members.map((query) => BigInt(firsts.get(bank)! + query)));
  const offsets = groups.map(({ classId }) => (classId === IGNORED ? -Infinity : 0));
  const allowed = banks.flatMap((own) => groups.map(({ bank }) => (bank === own ? 0 : MASKED)));
  return {
    queries,
    groups: new ort.Tensor('int64', BigInt64Array.from(members), [groups.length, groups[0]!.members.length]),
    offsets: new ort.Tensor('float32', Float32Array.from(offsets), [groups.length]),
    allowed: new ort.Tensor('float32', Float32Array.from(allowed), [banks.length, groups.length]),
  };
}

/** The queries of banks one after the other, and where each bank's begin. */
function joinBanks(banks: readonly QueryBank[]) {
  const firsts = new Map<QueryBank, number>();
  let count = 0;
  for (const bank of banks) {
    firsts.set(bank, count);
    count += bank.classIds.length;
  }
  const [{ classIds, embeddings }] = banks as [QueryBank];
  const width = embeddings.length / classIds.length;
  const rows = banks.length === 1 ? embeddings : new Float32Array(count * width);
  if (banks.length > 1) for (const [bank, first] of firsts) rows.set(bank.embeddings, first * width);
  return { queries: new ort.Tensor('float32', rows, [count, width]), firsts };
}

function groupByClass({ classIds }: QueryBank): Map<number, number[]> {
  const classes = new Map<number, number[]>();
  for (const [queryId, classId] of classIds.entries()) {
    const known = classes.get(classId);
    if (known === undefined) classes.set(classId, [queryId]);
    else known.push(queryId);
  }
  return classes;
}

function padRow(queryIds: readonly number[], width: number): number[] {
  return [...queryIds, ...Array<number>(width - queryIds.length).fill(queryIds.at(-1)!)];
}

/** Ids of several texts as one matrix, filled up with token 0. */
export function padTokenIds(tokenIds: readonly (readonly number[])[]) {
  const length = Math.max(...tokenIds.map((ids) => ids.length));
  const matrix = new BigInt64Array(tokenIds.length * length);
  tokenIds.forEach((ids, row) => matrix.set(ids.map(BigInt), row * length));
  return new ort.Tensor('int64', matrix, [tokenIds.length, length]);
}
