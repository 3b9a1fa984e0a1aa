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

it('texts are canonical where the ontology says so, after templates are filled, and equal ones count once', () => {
  const spec = {
    templates: ['A photo of a {}.', 'a photo of a {}', 'art of the {}'],
    classes: [{ name: 'TV', id: 1, prompts: ['T.V._(old)'] }],
    ignore: ['Radio'],
  };
  const textsWith = (canonical: boolean) => buildOntology({ ...spec, canonical }).queries.map(({ texts }) => texts);
  expect(textsWith(true)).toEqual([
    ['a photo of a t v old', 'art of the t v old'],
    ['a photo of a radio', 'art of the radio'],
  ]);
  expect(textsWith(false)).toEqual(buildOntology(spec).queries.map(({ texts }) => texts));
  expect(textsWith(false)[0]).toEqual(['A photo of a T.V._(old).', 'a photo of a T.V._(old)', 'art of the T.V._(old)']);
  expect(buildOntology({ ...spec, canonical: true }).queries.map(({ prompt }) => prompt)).toEqual([
    'T.V._(old)',
    'Radio',
  ]);
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
