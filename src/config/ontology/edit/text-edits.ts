import { isScalar, type Pair, type Scalar, type YAMLMap } from 'yaml';

/** A part of a text that becomes another one. */
export interface TextEdit {
  readonly from: number; // characters
  readonly to: number;
  readonly text: string;
}

export type Block = YAMLMap<Scalar>;

/** As loading reads the name of a class. */
export function foldName(name: string): string {
  return name.trim().replaceAll(/\s+/g, ' ');
}

export function findPair(map: Block, key: string): Pair<Scalar> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** Where the value of a pair ends, without comments. */
export function endOf({ key, value }: Pair<Scalar>): number {
  const node = value as { range?: readonly [number, number, number] | null } | null;
  return node?.range?.[1] ?? key.range![1];
}

/** Where the line ends that a value ends in. @param offset - Behind the value. */
export function endOfLine(offset: number, text: string): number {
  if (text[offset - 1] === '\n') return endOfLine(offset - 1, text); // a value of several lines
  const end = text.indexOf('\n', offset);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

export function columnOf(offset: number, text: string): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

/** Edits must not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const sorted = [...edits].sort((a, b) => b.from - a.from);
  return sorted.reduce((result, edit) => result.slice(0, edit.from) + edit.text + result.slice(edit.to), text);
}

/** Words that YAML readers take for something else than text. */
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text as it is written in block or flow style: quoted where it could be read as something else. */
export function scalarText(text: string): string {
  return /^\p{L}[\p{L}\p{N} _-]*(?<! )$/u.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}
