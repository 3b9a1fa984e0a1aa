import { readFileSync } from 'node:fs';

let known: { readonly flags: ReadonlySet<string> | undefined } | undefined; // they do not change, and are long to read

/** Instruction sets of this machine's CPU, as Linux names them; undefined where the system does not say. */
export function cpuFlags(): ReadonlySet<string> | undefined {
  known ??= { flags: readFlags() };
  return known.flags;
}

function readFlags(): ReadonlySet<string> | undefined {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return line === undefined ? undefined : new Set(line.split(' '));
  } catch {
    return undefined; // not Linux
  }
}

/**
 * Without the VNNI instructions an x64 CPU adds 8-bit products up in 16 bits, which overflow; ONNX Runtime then has an
 * exact way that is 2.3 times slower, so it is taken only where it is needed, or where the CPU's flags cannot be read.
 */
export function overflowsIn8Bits(): boolean {
  if (process.arch !== 'x64') return false;
  const flags = cpuFlags();
  return flags === undefined || !(flags.has('avx512_vnni') || flags.has('avx_vnni'));
}
