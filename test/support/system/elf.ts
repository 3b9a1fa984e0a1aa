import { writeFile } from 'node:fs/promises';

const ADDRESS = 0x10000; // where the whole file is loaded
const [HEADER, SEGMENT] = [64, 56];

/** A shared library that holds nothing but its dynamic section. */
export function sharedLibrary({
  needed = [],
  runpath,
  machine = 62, // x86-64
}: {
  needed?: readonly string[];
  runpath?: string;
  machine?: number;
}): Buffer {
  const names = [...needed, ...(runpath === undefined ? [] : [runpath])];
  const strings = Buffer.from(['', ...names, ''].join('\0'));
  const offsetOf = (name: string) => BigInt(strings.indexOf(`\0${name}\0`) + 1);
  const stringsAt = HEADER + 2 * SEGMENT;
  const dynamicAt = stringsAt + strings.length;
  const entries: [tag: bigint, value: bigint][] = [
    ...needed.map((name): [bigint, bigint] => [1n, offsetOf(name)]),
    [5n, BigInt(ADDRESS + stringsAt)],
    [10n, BigInt(strings.length)],
    ...(runpath === undefined ? [] : [[29n, offsetOf(runpath)] as [bigint, bigint]]),
    [0x6ffffffbn, 0xffffffffffffffffn], // one of the system's own
    [0n, 0n],
  ];
  const dynamic = Buffer.alloc(entries.length * 16);
  entries.forEach(([tag, value], i) => {
    dynamic.writeBigUInt64LE(tag, i * 16);
    dynamic.writeBigUInt64LE(value, i * 16 + 8);
  });
  const total = dynamicAt + dynamic.length;
  const head = Buffer.alloc(stringsAt);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(3, 16); // a shared object
  head.writeUInt16LE(machine, 18);
  head.writeBigUInt64LE(BigInt(HEADER), 32);
  head.writeUInt16LE(SEGMENT, 54);
  head.writeUInt16LE(2, 56);
  segment(head, HEADER, { type: 1, offset: 0, size: total });
  segment(head, HEADER + SEGMENT, { type: 2, offset: dynamicAt, size: dynamic.length });
  return Buffer.concat([head, strings, dynamic]);
}

export async function writeLibrary(path: string, parts: Parameters<typeof sharedLibrary>[0]): Promise<void> {
  await writeFile(path, sharedLibrary(parts));
}

function segment(head: Buffer, at: number, { type, offset, size }: { type: number; offset: number; size: number }) {
  head.writeUInt32LE(type, at);
  head.writeBigUInt64LE(BigInt(offset), at + 8);
  head.writeBigUInt64LE(BigInt(ADDRESS + offset), at + 16);
  head.writeBigUInt64LE(BigInt(size), at + 32);
}
