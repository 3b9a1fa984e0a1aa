import { readFileSync } from 'node:fs';

/** Instruction sets of this machine's CPU, as Linux names them; undefined where the system does not say. */
export function cpuFlags(): ReadonlySet<string> | undefined {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return line === undefined ? undefined : new Set(line.split(' '));
  } catch {
    return undefined; // not Linux
  }
}
