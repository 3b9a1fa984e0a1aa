import { describe, expect, it } from 'vitest';
import { buildOntology, findPlace, IGNORED } from '../../src/core/ontology.js';

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

describe('the place where something of an ontology was written', () => {
  it('is that of the whole for a label without one, also for one that is a property of every object', () => {
    const places = { whole: 'yard.yaml:1:1', byLabel: { 'a dog': 'yard.yaml:2:5' } };
    expect(['a dog', 'a cat', 'constructor', '__proto__'].map((label) => findPlace(places, label))).toEqual([
      'yard.yaml:2:5',
      'yard.yaml:1:1',
      'yard.yaml:1:1',
      'yard.yaml:1:1',
    ]);
  });
});
