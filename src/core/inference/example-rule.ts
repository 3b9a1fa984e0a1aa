/** How the patch that stands for an example image is chosen; `auto` is the rule that suits the model. */
export const EXAMPLE_RULES = ['auto', 'transformers'] as const;
export type ExampleRule = (typeof EXAMPLE_RULES)[number];

/** The rule for a model: without objectness, the one of transformers is what suits it, and there is no other. */
export function ruleFor({ hasObjectness }: { readonly hasObjectness: boolean }, requested: ExampleRule): ExampleRule {
  return hasObjectness ? requested : 'auto';
}
