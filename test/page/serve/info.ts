import type { Info } from '../../../src/page/serve/answers.js';

/** What a server of two classes tells the page. */
export const INFO: Info = {
  preannotate: '1.0.0',
  model: { reference: 'a' },
  classes: [
    { name: 'cup', id: 3, prompts: ['a cup'], threshold: 0.4 },
    { name: 'pen', id: 1, prompts: ['a pen'], threshold: 0.3 },
  ],
  needs_ontology: false,
  templates: ['a photo of a {}'],
  canonical: true,
  ignore: ['picture of a cup', 'a pen holder'],
  score_floor: 0.05,
  server: { max_image_bytes: 1 },
};
