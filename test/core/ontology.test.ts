import { expect, it } from 'vitest';
import { IGNORED, buildOntology } from '../../src/core/ontology.js';

it('queries are the prompts of all classes and then the ignored ones, each in every template', () => {
  const { queries } = buildOntology({
    templates: ['a photo of a {}', 'a $& {} in a yard'],
    classes: [
      { name: 'bottle', id: 4, prompts: ['bottle', 'glass $1 bottle'] },
      { name: 'cup', id: 2, prompts: ['mug'] },
    ],
    ignore: ['picture'],
  });
  expect(queries.map(({ prompt, classId }) => [prompt, classId])).toEqual([
    ['bottle', 0],
    ['glass $1 bottle', 0],
    ['mug', 1],
    ['picture', IGNORED],
  ]);
  expect(queries[1]!.texts).toEqual(['a photo of a glass $1 bottle', 'a $& glass $1 bottle in a yard']);
});
