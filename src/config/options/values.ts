import { z } from 'zod';
import { formatDevice, parseDevice, type Device } from '../../core/device.js';
import { Refused, refuseNumber, refuseSides, reportRefused, suggestDevices } from './other-spellings.js';
import type { ErrorBudget } from '../../run/mass-failure.js';
import { anyCase, decimal, listOf, OFF, ON, textOf, wholeNumber } from './text-patterns.js';

/**
 * The kinds of value that an option can have. Each also parses the text of a flag or an environment variable: text that
 * cannot be parsed stays text, which the schema then rejects with what it expects.
 */

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const WORDS = new Map([...ON.map((word) => [word, true] as const), ...OFF.map((word) => [word, false] as const)]);
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const BYTES_TEXT = '^(?=.*[1-9])\\d+(?:\\.\\d+)?\\s*(?:[kKmMgG][iI]?[bB]|[bB]|)$';
const BYTES = /^(\d+(?:\.\d+)?)\s*([kmg]i?b|b|)$/i;
const DURATION = /^(\d+(?:\.\d+)?)\s*([smhd])?$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;

/** @param parts - Of the pattern of texts that are read. */
function fromText<T extends z.ZodType>(read: (text: string) => unknown, schema: T, ...parts: string[]) {
  const reader = z.preprocess(
    (value, context) => (typeof value === 'string' ? reportRefused(read(value.trim()), value, context) : value),
    schema,
  );
  return parts.length === 0 ? reader : reader.meta({ alternatives: [textOf(...parts)] });
}

/** The number that a text is, else the text. */
export function numberOf(text: string): unknown {
  return NUMBER.test(text) ? Number(text) : text;
}

/** A number from 0 to 1. */
export function fraction() {
  return numberBetween(0, 1);
}

/** @param pattern - Of the number as text. */
export function numberBetween(least: number, most: number, pattern = decimal(Math.ceil(least), Math.floor(most))) {
  const read = (text: string) => refuseNumber(text, least, most) ?? numberOf(text);
  return fromText(read, z.number().min(least).max(most), pattern);
}

export function wholeBetween(least: number, most: number) {
  return fromText(numberOf, z.int().min(least).max(most), wholeNumber(least, most));
}

/** How many images, in a message for what is no number: a share of them cannot be given. */
export function imageCount() {
  const most = 2 ** 31 - 1;
  const read = (text: string) =>
    NUMBER.test(text) ? Number(text) : new Refused('must be a number of images', 'Write a whole number, such as 20.');
  return fromText(read, z.int().min(1).max(most), wholeNumber(1, most));
}

/** On or off; 'yes', 'no', '1', '0', 'on' and 'off' do as text. */
export function toggle() {
  return fromText((text) => WORDS.get(text.toLowerCase()) ?? text, z.boolean(), anyCase([...ON, ...OFF]));
}

/** One word of a fixed set. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return fromText((text) => text, z.enum(words));
}

/** Words separated by commas, or a list; each word once. @param pattern - Of a word. */
export function words<T extends z.ZodType<string>>(word: T, pattern: string) {
  const once = `(?!.*(?<![^\\s,])(${pattern})(?![^\\s,]).*(?<![^\\s,])\\1(?![^\\s,]))`;
  const alternatives = [textOf(`${once}${listOf(pattern)}`)];
  const distinct = z
    .array(word.meta({ alternatives }))
    .min(1)
    .check(({ value, issues }) => {
      const repeated = value.findIndex((item, i) => value.indexOf(item) !== i);
      if (repeated !== -1)
        issues.push({ code: 'custom', input: value, path: [repeated], message: `names ${value[repeated]!} twice` });
    })
    .meta({ uniqueItems: true });
  return z.preprocess(splitWords, distinct).meta({ alternatives });
}

/** Endings of file names, without the dot, in lower case; `*` for any. */
export function extensions() {
  const spelled = z.string().regex(/^(?:\*?\.)?[^./\\]+$/, { error: 'must be a file name ending such as jpg, or *' });
  return words(spelled, '(?:\\*?\\.)?[^./\\\\,\\s]+').transform((endings) => [
    ...new Set(endings.map((ending) => ending.replace(/^\*?\./, '').toLowerCase())),
  ]);
}

/** Texts that may hold commas themselves: a list, or one text. */
export function texts() {
  return z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1)))
    .meta({
      alternatives: [{ type: 'string', minLength: 1 }],
    });
}

/** A flag given several times arrives as a list of texts, each of which may hold several words. */
function splitWords(value: unknown): unknown {
  const split = (text: string) => text.split(',').map((word) => word.trim());
  if (typeof value === 'string') return split(value);
  return Array.isArray(value)
    ? value.flatMap((item: unknown) => (typeof item === 'string' ? split(item) : [item]))
    : value;
}

/** `n`, `h,w`, or `[h, w]`, in pixels. */
export function imageSize() {
  const error =
    'must be a size in pixels, as one number or as height and width ([h, w], or h,w in a flag), each from 16 to 8192';
  const read = (text: string) =>
    refuseSides(text, error) ??
    (text.includes(',') ? text.split(',').map((part) => numberOf(part.trim())) : numberOf(text));
  const side = wholeNumber(16, 8192);
  return fromText(read, sidesBetween(16, 8192, error), `${side}(?:\\s*,\\s*${side})?`);
}

/** Height and width in pixels, as one number or two. */
export function sidesBetween(least: number, most: number, error: string) {
  const side = z.int().min(least).max(most);
  return z
    .union([side, z.tuple([side, side])], { error })
    .transform((size) =>
      typeof size === 'number' ? { height: size, width: size } : { height: size[0], width: size[1] },
    );
}

/** `auto`, or devices by name, each once. */
export function devices() {
  const error = 'must be auto, or a list of devices such as cpu, cuda, cuda:1, webgpu, coreml, dml';
  const names = listOf('(?:cuda|dml)(?::\\d{1,3})?|cpu|webgpu|coreml');
  const several = z.array(z.string().meta({ pattern: textOf(names).pattern })).meta({ uniqueItems: true });
  return z
    .union([z.string().meta({ pattern: textOf('auto', names).pattern }), several.min(1)], { error })
    .transform((value, { issues }): 'auto' | readonly Device[] => {
      const names = splitWords(value) as string[];
      if (names.length === 1 && names[0] === 'auto') return 'auto';
      const parsed = names.map(parseDevice);
      const wrong = parsed.indexOf(undefined);
      const known = parsed.filter((device) => device !== undefined);
      const repeated = duplicateDevice(known);
      const params = { advice: suggestDevices(names) };
      if (wrong !== -1) issues.push({ code: 'custom', input: names[wrong], message: error, params });
      else if (repeated !== undefined) issues.push({ code: 'custom', input: value, message: repeated });
      return known;
    });
}

/** `cuda` and `cuda:0` are one device. */
function duplicateDevice(devices: readonly Device[]): string | undefined {
  const names = devices.map(({ provider, index = 0 }) => formatDevice({ provider, index }));
  const repeated = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (repeated === -1) return undefined;
  return `names ${formatDevice(devices[repeated]!)} twice; workers_per_device puts several workers on one device`;
}

/** A size in bytes: 5000000, '5MB', '5 MiB'. */
export function byteSize() {
  const error = 'must be a size of at least 1 byte, such as 256MB, 64MiB or 5000000';
  const read = (value: number | string) => {
    const [, amount, unit] = BYTES.exec(String(value)) ?? [];
    return amount === undefined ? NaN : Math.round(Number(amount) * UNITS[unit!.toLowerCase()]!);
  };
  return z
    .union([z.int().meta({ minimum: 1 }), z.string().meta({ pattern: BYTES_TEXT })], { error })
    .refine((value) => read(value) >= 1, { error })
    .transform(read);
}

/** A time in milliseconds: '30s', '5m', '1.5h', '30d', or seconds. @param leastSec - The shortest accepted. */
export function duration(leastSec: number) {
  const error = `must be a time of at least ${leastSec} s, such as 30s, 5m or 1h`;
  const pattern = `^(?:0*${decimal(leastSec, 1e9)}\\s*s?|(?=.*[1-9])\\d+(?:\\.\\d+)?\\s*[mhd])$`;
  const read = (value: number | string) => {
    const [, amount, unit = 's'] = DURATION.exec(String(value)) ?? [];
    return amount === undefined ? NaN : Math.round(Number(amount) * SECONDS[unit]! * 1000);
  };
  return z
    .union([z.number().meta({ minimum: leastSec }), z.string().meta({ pattern })], { error })
    .refine((value) => read(value) >= leastSec * 1000, { error })
    .transform(read);
}

/** `n` or `p%`. */
export function errorBudget() {
  const error = 'must be a number of images, or a share of them such as 5%';
  const share = `${decimal(0, 100)}\\s*%`;
  const budget = z
    .union(
      [
        z.int().min(0),
        z
          .string()
          .regex(PERCENT, { error, abort: true })
          .meta({ pattern: textOf(share).pattern }),
      ],
      { error },
    )
    .refine((value) => typeof value === 'number' || Number.parseFloat(value) <= 100, { error })
    .transform((value): ErrorBudget =>
      typeof value === 'number' ? { count: value } : { share: Number.parseFloat(value) / 100 },
    );
  return fromText(numberOf, budget, '\\+?\\d+');
}

/** How many of something: all (true), none (false), or the first n. */
export function howMany() {
  const error = 'must be true, false or a whole number from 1';
  const read = (text: string) => (text === '1' ? 1 : (WORDS.get(text.toLowerCase()) ?? numberOf(text)));
  const count = z
    .union([z.boolean(), z.int().min(1)], { error })
    .transform((value) => (typeof value === 'number' ? value : value ? Infinity : 0));
  return fromText(read, count, anyCase([...ON, ...OFF]), '\\+?0*[1-9]\\d*');
}

/** The path of a YAML file, or what would stand in it, which has a schema of its own. */
export function fileOrMapping(schemaFile: string) {
  const mapping = z.record(z.string(), z.unknown()).meta({ $ref: schemaFile });
  return z.union([z.string().min(1), mapping], { error: 'must be the path of a file, or a mapping' });
}
