import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCodeOf } from '../../core/errors.js';

/** Linux gives this number to the PID namespace that a machine boots with; containers have others. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

const MAX_PID = 2 ** 31 - 1; // `kill` reads 32 bits, in which a larger number may be 0: our own group

/** What tells a process from all others. Optional fields are available on Linux only. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  readonly boot?: string; // a number that the kernel makes up when it boots
  readonly namespace?: string; // in which `pid` and `startTicks` count
  readonly startTicks?: number; // from boot to the start of the process; a later process with the same pid has another
  readonly machine?: string; // hash of the machine's id; not in containers, where it may be that of an image
}

/** The identity of this process. */
export async function identifyProcess(): Promise<ProcessIdentity> {
  const read = (path: string) => readFile(path, 'utf8').then((text) => text.trim(), noAnswer);
  const link = (path: string) => readlink(path).catch(noAnswer);
  const [boot, pidNamespace, timeNamespace, stat, machineId] = await Promise.all([
    read('/proc/sys/kernel/random/boot_id'),
    link('/proc/self/ns/pid'),
    link('/proc/self/ns/time'),
    readStat('self'),
    read('/etc/machine-id'),
  ]);
  const isContainer = pidNamespace !== FIRST_PID_NAMESPACE;
  return {
    pid: process.pid,
    host: hostname(),
    ...(boot === undefined ? {} : { boot }),
    ...(pidNamespace === undefined ? {} : { namespace: `${pidNamespace} ${timeNamespace ?? ''}`.trim() }),
    ...(stat === undefined ? {} : { startTicks: stat.startTicks }),
    ...(isContainer || !machineId ? {} : { machine: hashOf(machineId) }), // the id itself is not to be published
  };
}

/** Whether a process of this namespace runs. Where its start is not known, another one may have its pid. */
export async function isRunning({ pid, startTicks }: Pick<ProcessIdentity, 'pid' | 'startTicks'>): Promise<boolean> {
  if (pid < 1 || pid > MAX_PID) return false;
  if (pid === process.pid) return startTicks !== undefined && startTicks === (await readStat('self'))?.startTicks;
  if (!isThere(pid)) return false;
  // Mounted outside this namespace, /proc has other pids.
  const isOurs = (await readlink('/proc/self').catch(noAnswer)) === String(process.pid);
  const stat = isOurs ? await readStat(String(pid)) : undefined;
  if (stat === undefined) return true; // it may belong to another user, whose processes are hidden
  const isDead = stat.state === 'Z' || stat.state === 'X'; // killed, and not yet waited for
  return !isDead && (startTicks === undefined || startTicks === stat.startTicks);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'; // owned by another user
  }
}

/** @see proc_pid_stat(5): the name, in parentheses, may hold anything. */
async function readStat(pid: string): Promise<{ state: string; startTicks: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(noAnswer);
  const [state, ...fields] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  const startTicks = Number(fields[18]);
  return state === undefined || !Number.isInteger(startTicks) ? undefined : { state, startTicks };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function noAnswer(): undefined {
  return undefined; // not Linux, or not permitted
}
