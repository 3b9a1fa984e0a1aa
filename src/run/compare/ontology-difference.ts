import { labelOf, type OntologySpec } from '../../core/ontology.js';
import { findAskedDifference } from './asked-difference.js';
import { firstDifference, type Difference } from './difference.js';

/** What two ontologies decide that differs; undefined when they differ in thresholds and spelling only. */
export function findOntologyDifference(before: OntologySpec, now: OntologySpec): Difference | undefined {
  return firstDifference(decisiveParts(before), decisiveParts(now)) ?? findAskedDifference(before, now);
}

/** All but prompts. */
function decisiveParts(ontology: OntologySpec): Record<string, unknown> {
  const { classes } = ontology;
  return {
    'number of classes': classes.length,
    ...Object.fromEntries(classes.map(({ name }, i) => [`name of class ${i + 1}`, name])),
    ...Object.fromEntries(classes.map(({ name, id }) => [`id of class "${name}"`, id])),
    ...decisiveExamples(ontology),
  };
}

/** First which examples there are, then the content of each, so that the message names a changed image. */
function decisiveExamples({ classes, ignoreExamples = [] }: OntologySpec): Record<string, unknown> {
  const all = [...classes.flatMap(({ examples = [] }) => examples), ...ignoreExamples];
  return {
    ...Object.fromEntries(
      classes.map(({ name, examples = [] }) => [`examples of class "${name}"`, examples.map(labelOf)]),
    ),
    'ignored examples': ignoreExamples.map(labelOf),
    ...Object.fromEntries(all.map((example) => [`the content (SHA-256) of "${labelOf(example)}"`, example.sha256])),
  };
}
