import { z } from 'zod';
import { parseDevice } from '../../core/device.js';
import { findNearest } from '../../disk/nearest.js';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const DECIMAL_COMMA = /^(\d+),(\d+)$/;
const PERCENT = /^\d+(?:\.\d+)?\s*%$/;
const SIDES = /^(\d+)\s*[x×*]\s*(\d+)$/i;

/** A text in the spelling of another program, which is refused with ours. */
export class Refused {
  readonly message: string; // what is expected: `must be …`
  readonly advice: string;

  constructor(message: string, advice: string) {
    this.message = message;
    this.advice = advice;
  }
}

/** Hands a text that was read on to the schema, or reports that it is refused. */
export function reportRefused(read: unknown, input: unknown, context: z.core.$RefinementCtx): unknown {
  if (!(read instanceof Refused)) return read;
  context.addIssue({ code: 'custom', input, message: read.message, params: { advice: read.advice } });
  return z.NEVER;
}

/** `30%` and `0,3`, where 0.3 is meant. */
export function refuseNumber(text: string, least: number, most: number): Refused | undefined {
  const isPercent = PERCENT.test(text);
  const meant = isPercent ? Number.parseFloat(text) / 100 : Number(text.replace(DECIMAL_COMMA, '$1.$2'));
  const isMeant = (most <= 1 || !isPercent) && meant >= least && meant <= most;
  if (!isMeant || NUMBER.test(text) || text === '') return undefined;
  return new Refused(`must be a number from ${least} to ${most}`, `Did you mean ${meant}?`);
}

/** `640x480`, which has its width first in most programs, and its height first in others. */
export function refuseSides(text: string, message: string): Refused | undefined {
  const [, a, b] = SIDES.exec(text) ?? [];
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return new Refused(message, `Did you mean ${a}?`);
  const formatSides = (height: string, width: string) => `${height},${width} (${height} high, ${width} wide)`;
  return new Refused(message, `The height comes first: write ${formatSides(b, a)} or ${formatSides(a, b)}.`);
}

const NAMES = ['auto', 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'];

const PROVIDERS: Readonly<Record<string, string>> = {
  ...{ gpu: 'cuda', nvidia: 'cuda', mps: 'coreml', metal: 'coreml', apple: 'coreml' },
  ...{ directml: 'dml', vulkan: 'webgpu', wgpu: 'webgpu', '': 'cuda' },
};

/** Devices under our names for them, from those of PyTorch (`mps`), of Ultralytics (`0`) and of libraries. */
export function suggestDevices(names: readonly string[]): string | undefined {
  const meant = names.map(findMeantDevice);
  return meant.includes(undefined) ? undefined : `Did you mean ${meant.join(',')}?`;
}

function findMeantDevice(name: string): string | undefined {
  if (name === '' || parseDevice(name) !== undefined) return name || undefined;
  const [, provider = '', index] = /^([a-z]*):?(\d+)?$/i.exec(name) ?? [name, name];
  const known = PROVIDERS[provider.toLowerCase()] ?? provider.toLowerCase();
  const candidates = [index === undefined ? known : `${known}:${index}`, known];
  return candidates.find((text) => parseDevice(text) !== undefined) ?? findNearestDevice(known, index);
}

/** A device whose name is nearly this one; among names of three letters, most are other devices (tpu, xpu). */
function findNearestDevice(name: string, index: string | undefined): string | undefined {
  const nearest = name.length === 3 ? undefined : findNearest(name, NAMES);
  if (nearest === undefined) return undefined;
  const numbered = `${nearest}:${index ?? ''}`;
  return parseDevice(numbered) === undefined ? nearest : numbered;
}
