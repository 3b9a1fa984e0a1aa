import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { Running } from '../../support/cli.js';
import type { Random } from '../../support/random.js';

const END_CODES = [0, 3]; // 3: an image whose worker was killed each time; the same command tries it again

/** When and how often a command is killed. */
interface Killing {
  readonly kills: number;
  readonly longestMs: number; // from its start, or from the kill before, to a kill
  readonly random: Random;
  /** What must hold whenever the command was killed. */
  readonly check: () => Promise<void>;
}

/** How many processes were killed. */
export interface Killed {
  parents: number;
  workers: number;
}

/**
 * Kills a command, or one of its workers, at random moments. Where the command has ended before its moment, which is no
 * kill, or was killed itself, the same command starts again.
 */
export async function killAtRandom(
  args: readonly string[],
  { kills, longestMs, random, check }: Killing,
): Promise<Killed> {
  const killed = { parents: 0, workers: 0 };
  let running = start(args);
  onTestFinished(() => void running.command.child.kill('SIGKILL')); // also when a check fails
  while (killed.parents + killed.workers < kills) {
    const ended = await Promise.race([running.ended, sleep(random.below(longestMs)).then(() => undefined)]);
    if (ended !== undefined) {
      expect(END_CODES, ended.stderr).toContain(ended.code);
      running = start(args);
      continue;
    }
    const workers = await running.command.workers();
    if (workers.length > 0 && random.chance(0.4)) {
      if (tryKill(random.oneOf(workers))) killed.workers++;
      continue;
    }
    if (!running.command.child.kill('SIGKILL')) continue; // it has just ended
    const { signal } = await running.ended;
    if (signal !== 'SIGKILL') continue;
    killed.parents++;
    await check();
    running = start(args);
  }
  running.command.child.kill('SIGKILL');
  await running.ended;
  return killed;
}

function start(args: readonly string[]) {
  const command = new Running(args);
  return { command, ended: command.finished() };
}

/** @returns false for a process that has gone by itself. */
function tryKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
