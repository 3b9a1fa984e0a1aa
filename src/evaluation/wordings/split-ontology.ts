import type { OntologySpec } from '../../core/ontology.js';

/** A prompt of a class, asked alone. */
export interface Wording {
  readonly classId: number; // index into the classes of the ontology
  readonly prompt: string;
}

/** An ontology in which every prompt is a class of its own, so that each gives its own boxes. */
export interface SplitOntology {
  readonly spec: OntologySpec;
  readonly wordings: readonly Wording[]; // by class of `spec`
}

/**
 * Prompts that are ignored are left out, and so are examples.
 *
 * @param template - One that is used alone; left out: those of the ontology, averaged.
 */
export function splitOntology({ templates, canonical, classes }: OntologySpec, template?: string): SplitOntology {
  const wordings = classes.flatMap(({ prompts }, classId) => prompts.map((prompt) => ({ classId, prompt })));
  return {
    wordings,
    spec: {
      templates: template === undefined ? templates : [template],
      ...(canonical === undefined ? {} : { canonical }),
      classes: wordings.map(({ prompt }, i) => ({ name: `${i + 1}: ${prompt}`, id: i + 1, prompts: [prompt] })),
      ignore: [],
    },
  };
}
