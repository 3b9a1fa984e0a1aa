import { PreannotateError } from '../../core/errors.js';
import { excerpt } from '../../core/text.js';
import { formatShard, type Shard } from '../choose-images.js';

/** A shard as `--shard` asks for it: `1/4`, `auto`, or `auto/4`. */
export type RequestedShard = Shard | { readonly auto: true; readonly count?: number };

const SHARD = /^(\d{1,6}|auto)(?:\/(\d{1,6}))?$/;

/** @returns undefined for what is no shard, such as 0/4 or 5/4. */
export function parseShard(text: string): RequestedShard | undefined {
  const [, first, ofCount] = SHARD.exec(text.trim()) ?? [];
  if (first === undefined) return undefined;
  const count = ofCount === undefined ? undefined : Number(ofCount);
  if (first === 'auto') return count === undefined ? { auto: true } : count < 1 ? undefined : { auto: true, count };
  const index = Number(first);
  return count === undefined || index < 1 || index > count ? undefined : { index, count };
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Values of a scheduler's variables; undefined: not set. */
type Read = (name: string) => number | undefined;

/** A scheduler that runs the same command several times, and numbers the tasks in the environment. */
interface Scheduler {
  readonly title: string;
  readonly index: string; // only tasks of several have this variable
  readonly count?: string; // how many tasks there are; missing where the scheduler does not say
  readonly others?: readonly string[]; // what the position depends on beside them
  /** The task's number from 1, undefined where it cannot be known. */
  readonly position: (index: number, read: Read) => number | undefined;
  /** Why tasks cannot be numbered from 1 to n without gaps. */
  readonly findProblem?: (read: Read) => string | undefined;
}

/**
 * @see https://slurm.schedmd.com/job_array.html
 * @see https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
 * @see https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static
 * @see https://docs.gitlab.com/ci/variables/predefined_variables
 */
const SCHEDULERS: readonly Scheduler[] = [
  {
    title: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    count: 'SLURM_ARRAY_TASK_COUNT',
    others: ['SLURM_ARRAY_TASK_MIN', 'SLURM_ARRAY_TASK_STEP'],
    position: (id, read) => {
      const least = read('SLURM_ARRAY_TASK_MIN');
      return least === undefined ? undefined : (id - least) / (read('SLURM_ARRAY_TASK_STEP') ?? 1) + 1;
    },
    findProblem: findSlurmProblem,
  },
  {
    title: 'AWS Batch',
    index: 'AWS_BATCH_JOB_ARRAY_INDEX',
    count: 'AWS_BATCH_JOB_ARRAY_SIZE',
    position: (index) => index + 1,
  },
  { title: 'Kubernetes', index: 'JOB_COMPLETION_INDEX', position: (index) => index + 1 },
  { title: 'GitLab', index: 'CI_NODE_INDEX', count: 'CI_NODE_TOTAL', position: (index) => index },
];

/**
 * `--array=1,3,7` has a smallest and a largest number as `--array=1-7` has, but not as many tasks. `--array=3` repeats
 * one task of a larger array, of which nothing is known.
 */
function findSlurmProblem(read: Read): string | undefined {
  const [least, most] = [read('SLURM_ARRAY_TASK_MIN'), read('SLURM_ARRAY_TASK_MAX')];
  const [step, count] = [read('SLURM_ARRAY_TASK_STEP') ?? 1, read('SLURM_ARRAY_TASK_COUNT')];
  if (least === undefined || most === undefined || count === undefined) return undefined;
  if (count === 1 && least > 1) return `task ${least} is alone in its array (SLURM_ARRAY_TASK_COUNT is 1)`;
  if ((most - least) / step + 1 === count) return undefined;
  return (
    `its ${count} tasks are not numbered evenly from ${least} to ${most} (SLURM_ARRAY_TASK_COUNT, _MIN, _MAX): a ` +
    'list such as 1,3,7 has no parts from 1 to n'
  );
}

/**
 * The shard of this process.
 *
 * @throws PreannotateError USAGE where the environment does not say which one it is, or contradicts itself.
 */
export function resolveShard(requested: RequestedShard, variables: Variables): Shard {
  if (!('auto' in requested)) return requested;
  const present = findPresent(variables);
  const [scheduler, other] = present;
  if (scheduler === undefined) {
    const names = SCHEDULERS.map(({ title, index }) => `${index} (${title})`).join(', ');
    throw usageError(`--shard auto found no scheduler: none of ${names} is set.`);
  }
  if (other !== undefined)
    throw usageError(
      `--shard auto found several schedulers: ${present.map(({ title, index }) => `${index} (${title})`).join(', ')}.`,
    );
  return shardOf(scheduler, requested.count, variables);
}

/** A note for a run without `--shard` that several tasks of a scheduler seem to do all of; undefined for others. */
export function describeUnused(variables: Variables): string | undefined {
  const [scheduler] = findPresent(variables);
  if (scheduler === undefined) return undefined;
  const { title, index, count } = scheduler;
  const tasks = count === undefined ? undefined : variables[count];
  if (tasks !== undefined && Number(tasks) <= 1) return undefined;
  const option = count === undefined ? '--shard auto/<n>' : '--shard auto';
  return (
    `This is one of ${tasks === undefined ? 'several' : excerpt(tasks)} tasks of ${title} (${index} is set), and it ` +
    `annotates all images. With ${option}, each task would annotate a part of them.`
  );
}

function findPresent(variables: Variables): Scheduler[] {
  return SCHEDULERS.filter(({ index }) => (variables[index] ?? '') !== '');
}

function shardOf(scheduler: Scheduler, asked: number | undefined, variables: Variables): Shard {
  const read: Read = (name) => readNumber(name, variables);
  const { title, index, position, findProblem } = scheduler;
  const stated = scheduler.count === undefined ? undefined : read(scheduler.count);
  if (stated !== undefined && asked !== undefined && stated !== asked)
    throw usageError(
      `--shard auto/${asked} contradicts ${scheduler.count!}, which is ${stated}: ${title} runs ${stated} tasks.`,
    );
  const count = asked ?? stated;
  if (count === undefined) {
    const missing =
      scheduler.count === undefined ? `${title} does not say of how many` : `${scheduler.count} is not set`;
    const advice = `Write --shard auto/<n> with the number of tasks, such as auto/8, or --shard i/n.`;
    throw usageError(`--shard auto found ${index}, a task's number, but ${missing}.`, advice);
  }
  const problem = findProblem?.(read);
  if (problem !== undefined) throw usageError(`--shard auto found ${title}, but ${problem}.`);
  const found = position(read(index)!, read);
  if (found === undefined || !Number.isInteger(found) || found < 1 || found > count)
    throw usageError(
      `--shard auto found ${title}, but ${index} is ${variables[index]!}, which is no task of ${count}: ` +
        `${describeSet(scheduler, variables)}.`,
    );
  return { index: found, count };
}

/** `SLURM_ARRAY_TASK_COUNT is 3`: what there is beside the index. */
function describeSet({ count, others = [] }: Scheduler, variables: Variables): string {
  const names = [...others, ...(count === undefined ? [] : [count])];
  if (names.length === 0) return 'tasks count from 0';
  return names.map((name) => `${name} is ${excerpt(variables[name] ?? 'not set')}`).join(', ');
}

function readNumber(name: string, variables: Variables): number | undefined {
  const text = variables[name]?.trim() ?? '';
  if (text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`--shard auto found ${name}, but it is "${excerpt(text)}" and no whole number.`);
}

function usageError(message: string, hint?: string): PreannotateError {
  const example = formatShard({ index: 3, count: 8 });
  return new PreannotateError({
    code: 'USAGE',
    message,
    hint: hint ?? `Name the part yourself: --shard i/n, such as --shard ${example}. Parts count from 1 to n.`,
  });
}
