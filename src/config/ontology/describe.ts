import type { OntologySpec } from '../../core/ontology.js';
import { NameList } from '../../core/name-list.js';
import { excerpt } from '../../core/text.js';

/** What an ontology finds, for the first line of a run: `2 classes: bottle, cup`. */
export function describeClasses({ classes }: OntologySpec): string {
  const names = new NameList();
  for (const { name } of classes) names.add(excerpt(name, 40));
  return `${classes.length === 1 ? '1 class' : `${classes.length} classes`}: ${names.summary}.`;
}
