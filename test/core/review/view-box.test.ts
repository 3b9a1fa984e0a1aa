import { expect, it } from 'vitest';
import { buildOntology } from '../../../src/core/ontology.js';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import { indexClasses, promptOf, toViewBoxes } from '../../../src/core/review/view-box.js';

const ontology = buildOntology({
  templates: [],
  classes: [
    { name: 'cup', id: 1, prompts: ['a cup', 'a mug'], examples: [] },
    { name: 'dog', id: 2, prompts: ['a dog'], examples: [] },
  ],
  ignore: [],
  ignoreExamples: [],
});

it.each([
  ['kept', 'cup', 'a cup', 'a cup'],
  ['kept', 'cup', 'an earlier wording', 'an earlier wording'],
  ['corrected', 'cup', 'a mug', 'a mug'], // it was moved
  ['corrected', 'dog', 'a mug', undefined],
  ['corrected', 'dog', 'an earlier wording', undefined], // of which class is not known
] as const)('the prompt of a %s box of class %s, found by "%s", is %s', (status, name, prompt, shown) => {
  const from = [1, 2, 3, 4] as const;
  const box: DecidedBox = { id: 'p1', status, class: name, box: [...from], from: [...from], prompt, score: 0.5 };
  const [found] = toViewBoxes([], { state: 'open', boxes: [box] }, indexClasses(ontology));
  expect(promptOf(found!, ontology)).toBe(shown);
  expect(found).toMatchObject({ score: 1, review: { status } });
});
