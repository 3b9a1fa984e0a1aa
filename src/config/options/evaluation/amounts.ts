import { z } from 'zod';
import { listOf } from '../text-patterns.js';

/** Numbers from 0 on by name: `draw=25,check=1`, or a mapping. What is not named keeps its default. */
export function amounts<Name extends string>(defaults: Readonly<Record<Name, number>>) {
  const names = Object.keys(defaults) as Name[];
  const sample = names.map((name) => `${name}=${defaults[name]}`).join(',');
  const error = `must be numbers by name, such as ${sample}`;
  const pattern = `^\\s*${listOf(`(?:${names.join('|')})\\s*=\\s*(?:\\d+\\.?\\d*|\\.\\d+)`)}\\s*$`;
  const shape = Object.fromEntries(names.map((name) => [name, z.exactOptional(z.number().min(0))]));
  const text = z.string().regex(new RegExp(pattern), { error }).meta({ pattern });
  return z
    .union([text, z.strictObject(shape)], { error })
    .transform((given): Readonly<Record<Name, number>> => {
      return { ...defaults, ...(typeof given === 'string' ? readPairs(given) : given) };
    })
    .prefault(sample);
}

function readPairs(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  return Object.fromEntries(pairs.map(([name, number]) => [name!.trim(), Number(number)]));
}
