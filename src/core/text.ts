/** Characters that would move the cursor, colour the terminal, end the line, or turn the reading direction. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text for a message or a log: what could disturb a terminal is written as \uXXXX. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As a sentence begins. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 box`, `3 boxes`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A time that was estimated: `less than a minute`, `about 12 minutes`, `about 3 hours`. */
export function describeEstimate(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  return `about ${minutes < 100 ? counted(Math.round(minutes), 'minute') : counted(Math.round(minutes / 60), 'hour')}`;
}

const EXCERPT_CHARACTERS = 100;

/** What a user or a client wrote, for a message: on one line, and only as much as is needed to recognise it. */
export function excerpt(text: string, maxCharacters = EXCERPT_CHARACTERS): string {
  const shown = printable(text.slice(0, maxCharacters + 1)); // escapes make it longer
  if (shown.length <= maxCharacters) return shown;
  return `${shown.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Orders names by their UTF-8 bytes, which is the same everywhere. JavaScript's own order differs where surrogate pairs
 * (above U+FFFF) meet characters from U+E000 on.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Longer ones, and those with other characters, are parts of names: `1.2 of 3`, `a.5f3c09aa41e7c2`. */
const ENDING = /\.([a-z0-9][a-z0-9_~-]{0,11})$/i;

/** What follows the last dot of a file's name, in lower case; empty where that is no ending. */
export function endingOf(name: string): string {
  const [, ending = ''] = ENDING.exec(name.slice(name.lastIndexOf('/') + 1).replace(/^\.+/, '')) ?? [];
  return ending.toLowerCase();
}

/** What happened to something, in one line that names it. */
export function nameInMessage(name: string, message: string): string {
  return printable(message.includes(name) ? message : `${name}: ${message}`);
}

const SHELL_SAFE = /^[\w./@%+,:=~-]+$/;

/** A text as one word of a command that people copy into a shell. */
export function quoteForShell(text: string): string {
  return SHELL_SAFE.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 612900000 -> 612.9 MB */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]!}`;
}

/** A rate with three digits, as many as are measured. */
export function formatRate(perSecond: number): string {
  return String(Number(perSecond.toPrecision(3)));
}

/** Where in a library's source an error occurred, and the expression: all before the sentence. */
const SOURCE_PLACE = /^.*?\.(?:cc|cpp|cu|h):\d+ .*?(?:\bwas false\.|\[ONNXRuntimeError\] : \d+ : \w+ :)/s;
const GPU_FAILURE = /\b(?:CUDA|CUDNN|CUBLAS|TensorRT) failure \d+: [^;]*[^;\s]/;
const FILES_OF_SOURCE = /\S*\.(?:cc|cpp|cu|h):\d+\S*\s*/g;

/**
 * What a library reports, without the place in its source, the expression that failed there, and what required it.
 *
 * @param message - Such as `/onnxruntime_src/…/webgpu_context.cc:136 …::<lambda()> … was false. Failed to …`
 */
export function dropSourcePlaces(message: string): string {
  const line = message.replace(/\s*Require stack:.*$/s, '').replaceAll(/\s+/g, ' ');
  const failure = GPU_FAILURE.exec(line)?.[0];
  const stripped = (failure ?? line.replace(SOURCE_PLACE, '').replaceAll(FILES_OF_SOURCE, '')).trim();
  return (stripped === '' ? line : stripped).replace(/\.$/, '');
}
