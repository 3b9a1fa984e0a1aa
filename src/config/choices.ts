import { z } from 'zod';
import { metaOf } from './options/meta.js';

/** Words that an option can be set to. */
export interface Choices {
  readonly words: readonly string[];
  readonly isList: boolean; // several may be given, separated by commas
}

/** The words that are known to be values of an option; undefined where it takes numbers, paths or free text. */
export function choicesOf(option: z.core.$ZodType): Choices | undefined {
  return metaOf(option).suggested ?? findChoices(option, false);
}

function findChoices(schema: z.core.$ZodType, isList: boolean): Choices | undefined {
  if (schema instanceof z.ZodEnum) return { words: schema.options.map(String), isList };
  if (schema instanceof z.ZodArray) return findChoices(schema.element, true);
  if (schema instanceof z.ZodPipe) return findChoices(schema.out, isList) ?? findChoices(schema.in, isList);
  const isWrapper =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional;
  return isWrapper ? findChoices(schema.def.innerType, isList) : undefined;
}
