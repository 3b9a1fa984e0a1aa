import { printable } from '../../core/text.js';
import type { OntologySpec } from '../../core/ontology.js';
import { foldSpace } from '../../core/prompts/canonical-prompt.js';
import type { Wanted } from './keep.js';

/**
 * What is added to an ontology: `the prompt “a teacup” for the class “cup”`, or `the class “cup” with the prompt “a
 * teacup”`.
 */
export function describeKept({ class: name, threshold, found }: Wanted, { classes }: OntologySpec): string {
  const title = foldSpace(name);
  const own = `the class ${quote(title)}`;
  const parts = [
    'prompts' in found ? listPrompts(found.prompts) : `the example in ${printable(found.like.image.name)}`,
    ...(threshold === undefined ? [] : [`the threshold ${threshold}`]),
  ].join(' and ');
  return classes.some((one) => one.name === title) ? `${parts} for ${own}` : `${own} with ${parts}`;
}

function listPrompts(prompts: readonly string[]): string {
  return `the prompt${prompts.length === 1 ? '' : 's'} ${prompts.map(quote).join(', ')}`;
}

function quote(text: string): string {
  return `“${printable(text)}”`;
}
