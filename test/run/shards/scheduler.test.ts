import { describe, expect, it } from 'vitest';
import { PreannotateError } from '../../../src/core/errors.js';
import { describeUnused, parseShard, resolveShard } from '../../../src/run/shards/scheduler.js';

type Variables = Readonly<Record<string, string>>;

/** As Slurm sets the variables of `--array`. */
function slurm(id: number, [least, most, count]: [number, number, number], step = 1): Variables {
  return {
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_MIN: String(least),
    SLURM_ARRAY_TASK_MAX: String(most),
    SLURM_ARRAY_TASK_STEP: String(step),
    SLURM_ARRAY_TASK_COUNT: String(count),
  };
}

const aws = (index: string, size: string) => ({ AWS_BATCH_JOB_ARRAY_INDEX: index, AWS_BATCH_JOB_ARRAY_SIZE: size });
const gitlab = (index: string, total: string) => ({ CI_NODE_INDEX: index, CI_NODE_TOTAL: total });

function resolved(option: string, variables: Variables): string {
  const { index, count } = resolveShard(parseShard(option)!, variables);
  return `${index}/${count}`;
}

function refusal(option: string, variables: Variables): string {
  try {
    return `not refused: ${resolved(option, variables)}`;
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    expect(error.code).toBe('USAGE');
    return `${error.message} ${error.hint}`;
  }
}

describe('--shard', () => {
  it.each([
    ['1/4', { index: 1, count: 4 }],
    [' 4/4 ', { index: 4, count: 4 }],
    ['auto', { auto: true }],
    ['auto/8', { auto: true, count: 8 }],
  ])('reads %j', (text, shard) => expect(parseShard(text)).toEqual(shard));

  it.each(['0/4', '5/4', '1/0', 'auto/0', 'a/b', '1', '1/4/2', '-1/4', '1.5/4', '', '1234567/1234567'])(
    'refuses %j',
    (text) => expect(parseShard(text)).toBeUndefined(),
  );

  it('that names a part does not read the environment', () => {
    expect(resolved('2/4', { ...slurm(1, [1, 8, 8]), ...gitlab('x', 'y') })).toBe('2/4');
  });
});

describe('--shard auto', () => {
  it.each<[what: string, variables: Variables, shard: string]>([
    ['Slurm, --array=0-7', slurm(0, [0, 7, 8]), '1/8'],
    ['Slurm, --array=0-7', slurm(7, [0, 7, 8]), '8/8'],
    ['Slurm, --array=5-20:5', slurm(10, [5, 20, 4], 5), '2/4'],
    ['Slurm, --array=5-20:5', slurm(20, [5, 20, 4], 5), '4/4'],
    ['Slurm without a step', { ...slurm(3, [1, 4, 4]), SLURM_ARRAY_TASK_STEP: '' }, '3/4'],
    ['AWS Batch, from 0', aws('0', '10'), '1/10'],
    ['AWS Batch, from 0', aws('9', '10'), '10/10'],
    ['GitLab, from 1', gitlab('1', '5'), '1/5'],
    ['GitLab, from 1', gitlab('5', '5'), '5/5'],
    ['GitLab beside empty variables of others', { ...gitlab('5', '5'), SLURM_ARRAY_TASK_ID: '' }, '5/5'],
  ])('%s', (_, variables, shard) => expect(resolved('auto', variables)).toBe(shard));

  it('needs the number of parts from Kubernetes, which does not say it', () => {
    expect(resolved('auto/8', { JOB_COMPLETION_INDEX: '0' })).toBe('1/8');
    expect(resolved('auto/8', { JOB_COMPLETION_INDEX: '7' })).toBe('8/8');
    expect(refusal('auto', { JOB_COMPLETION_INDEX: '7' })).toMatch(/Kubernetes does not say of how many.*auto\/8/);
    expect(refusal('auto/8', { JOB_COMPLETION_INDEX: '8' })).toMatch(/JOB_COMPLETION_INDEX is 8.*no task of 8/);
  });

  it('accepts a number of parts that the scheduler confirms', () => {
    expect(resolved('auto/10', aws('3', '10'))).toBe('4/10');
    expect(refusal('auto/8', aws('3', '10'))).toMatch(/auto\/8 contradicts AWS_BATCH_JOB_ARRAY_SIZE, which is 10/);
  });

  it.each<[what: string, variables: Variables, message: RegExp]>([
    ['no scheduler', { CI_NODE_TOTAL: '1' }, /no scheduler.*SLURM_ARRAY_TASK_ID.*--shard i\/n.*from 1 to n/],
    ['two at once', { ...gitlab('1', '5'), ...aws('3', '10') }, /AWS_BATCH_JOB_ARRAY_INDEX.*CI_NODE_INDEX/],
    ['a list with gaps', slurm(3, [1, 7, 3]), /not numbered evenly from 1 to 7.*--shard i\/n/],
    ['one task of an array again', slurm(3, [3, 3, 1]), /task 3 is alone in its array.*--shard i\/n/],
    ['an index below the smallest', slurm(1, [2, 5, 4]), /SLURM_ARRAY_TASK_ID is 1.*_MIN is 2/],
    ['an index between two steps', slurm(7, [5, 20, 4], 5), /SLURM_ARRAY_TASK_ID is 7/],
    ['a missing size', { AWS_BATCH_JOB_ARRAY_INDEX: '3' }, /AWS_BATCH_JOB_ARRAY_SIZE is not set/],
    ['an index above the size', aws('10', '10'), /AWS_BATCH_JOB_ARRAY_INDEX is 10.*AWS_BATCH_JOB_ARRAY_SIZE is 10/],
    ['an index that counts from 1', gitlab('0', '5'), /CI_NODE_INDEX is 0/],
    ['what is no number', gitlab('one', '5'), /CI_NODE_INDEX, but it is "one"/],
  ])('refuses %s', (_, variables, message) => expect(refusal('auto', variables)).toMatch(message));
});

describe('a run without --shard', () => {
  it('notes that a scheduler runs it several times', () => {
    expect(describeUnused(aws('3', '10'))).toMatch(/one of 10 tasks of AWS Batch.*--shard auto,/);
    expect(describeUnused({ JOB_COMPLETION_INDEX: '0' })).toMatch(/several tasks of Kubernetes.*--shard auto\/<n>,/);
  });

  it('notes nothing where it runs once', () => {
    expect(describeUnused({})).toBeUndefined();
    expect(describeUnused({ CI_NODE_TOTAL: '1' })).toBeUndefined();
    expect(describeUnused(slurm(0, [0, 0, 1]))).toBeUndefined();
  });
});
