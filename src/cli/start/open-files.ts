import { readFileSync } from 'node:fs';

/** Loading the program opens its files at the same time; workers and images need some more. */
const NEEDED = 128;

/** Why this process cannot start, or undefined: it may open too few files. Known on Linux only. */
export function describeFileLimit(): { message: string; hint: string } | undefined {
  const limit = readLimit();
  if (limit === undefined || limit >= NEEDED) return undefined;
  return {
    message: `This process may open only ${limit} files at once (ulimit -n), and preannotate needs ${NEEDED}.`,
    hint: 'Raise the limit, for example with `ulimit -n 1024`, and run the same command again.',
  };
}

function readLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined; // not Linux
  }
}
