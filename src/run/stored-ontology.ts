import { z } from 'zod';
import type { OntologySpec } from '../core/ontology.js';

const Example = z.object({
  image: z.string(),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]).exactOptional(),
  sha256: z.string(),
});

/** An ontology as the journal and run.json keep it. */
export const StoredOntology: z.ZodType<OntologySpec> = z.object({
  templates: z.array(z.string()),
  canonical: z.boolean().exactOptional(), // missing in version 0.1, which asked what was written
  threshold: z.number().exactOptional(),
  classes: z.array(
    z.object({
      name: z.string(),
      id: z.int(),
      prompts: z.array(z.string()),
      examples: z.array(Example).exactOptional(),
      threshold: z.number().exactOptional(),
    }),
  ),
  ignore: z.array(z.string()),
  ignoreExamples: z.array(Example).exactOptional(),
});
