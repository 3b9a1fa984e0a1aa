import { labelOf, type OntologySpec } from '../../core/ontology.js';
import { findAskedDifferences } from './asked-difference.js';
import { compareValues, findDifferences, type Difference } from './difference.js';

/** What two ontologies decide that differs; nothing when they differ in thresholds and spelling only. */
export function findOntologyDifferences(before: OntologySpec, now: OntologySpec): Difference[] {
  const differences = [...findClassDifferences(before, now), ...findDifferences(...sharedParts(before, now))];
  return [...differences, ...findAskedDifferences(before, now)];
}

/** Classes that came, went, or have another name or place. */
function findClassDifferences(before: OntologySpec, now: OntologySpec): Difference[] {
  const [was, is] = [before, now].map(({ classes }) => classes.map(({ name }) => name)) as [string[], string[]];
  const lost = was.filter((name) => !is.includes(name));
  const added = is.filter((name) => !was.includes(name));
  const isReordered = lost.length + added.length === 0 && was.join('\n') !== is.join('\n');
  if (isReordered) {
    const difference = compareValues('order of classes', was, is);
    return [difference.kind === 'list' ? { ...difference, of: 'classes' } : difference]; // it reports their order
  }
  if (was.length === is.length && lost.length === added.length) {
    return was.flatMap((name, i) => (name === is[i] ? [] : [compareValues(`name of class ${i + 1}`, name, is[i])]));
  }
  const onlyIn = (isLater: boolean) => (name: string) =>
    ({ kind: 'only', what: `class "${name}"`, isLater }) satisfies Difference;
  return [
    ...(was.length === is.length ? [] : [compareValues('number of classes', was.length, is.length)]),
    ...lost.map(onlyIn(false)),
    ...added.map(onlyIn(true)),
  ];
}

/** What is compared of the classes that both have: all but prompts. */
function sharedParts(before: OntologySpec, now: OntologySpec): [Record<string, unknown>, Record<string, unknown>] {
  const [was, is] = [before, now].map(({ classes }) => new Set(classes.map(({ name }) => name))) as [
    Set<string>,
    Set<string>,
  ];
  const shared = (spec: OntologySpec) => ({
    ...spec,
    classes: spec.classes.filter(({ name }) => was.has(name) && is.has(name)),
  });
  return [decisiveParts(shared(before)), decisiveParts(shared(now))];
}

function decisiveParts(ontology: OntologySpec): Record<string, unknown> {
  return {
    ...Object.fromEntries(ontology.classes.map(({ name, id }) => [`id of class "${name}"`, id])),
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
