import type { OntologySpec } from '../../core/ontology.js';
import { NameList } from '../../core/name-list.js';
import { counted, excerpt } from '../../core/text.js';

/** What an ontology finds, for the first line of a run: `2 classes: bottle, cup`. */
export function describeClasses({ classes }: OntologySpec): string {
  const names = new NameList();
  for (const { name } of classes) names.add(excerpt(name, 40));
  return `${counted(classes.length, 'class', 'classes')}: ${names.summary}.`;
}
