import { describe, expect, it } from 'vitest';
import { assertSameJob } from './assert-same-job.js';
import type { JournalHeader } from '../../../src/run/header.js';
import { header } from '../journal-header.js';

const compare = (changed: Partial<JournalHeader>, before = header) => {
  assertSameJob(before, { ...header, ...changed }, 'detections.jsonl');
};

describe('a job whose prompts are written in another way', () => {
  const specOf = (prompts: string[], more: object = {}) => ({
    ...header.ontology,
    classes: [{ name: 'dog', id: 1, prompts }],
    ignore: ['a toy'],
    ...more,
  });
  type Spec = ReturnType<typeof specOf>;
  const CANONICAL = { canonical: true };

  it.each<[what: string, before: Spec, now: Spec]>([
    ['version 0.1 and this one, with plain prompts', specOf(['a dog']), specOf(['a dog'], CANONICAL)],
    ['version 0.1 and this one, which ignores case', specOf(['A Dog']), specOf(['a dog'], CANONICAL)],
    ['two spellings with the same canonical form', specOf(['dog/puppy'], CANONICAL), specOf(['Dog puppy.'], CANONICAL)],
    ['templates that differ in punctuation', ...spelled(['a {}', 'art of the {}'], ['A {}.', 'art of the {}.'])],
    [
      'two prompts that are one query, and one of them',
      specOf(['dog', 'Dog.', 'puppy'], CANONICAL),
      specOf(['"Dog"', 'puppy'], CANONICAL),
    ],
    [
      'version 0.1 and prompts that are asked as they are written',
      specOf(['T.V.']),
      specOf(['T.V.'], { canonical: false }),
    ],
  ])('is the same: %s', (_what, before, now) => {
    compare({ ontology: now }, { ...header, ontology: before });
  });

  function spelled(before: string[], now: string[]): [Spec, Spec] {
    return [specOf(['dog'], { ...CANONICAL, templates: before }), specOf(['dog'], { ...CANONICAL, templates: now })];
  }

  it.each<[what: string, before: Spec, now: Spec, message: string, hint: RegExp]>([
    [
      'a prompt of version 0.1 with punctuation',
      specOf(['a dog', 'T.V.']),
      specOf(['a dog', 'T.V.'], CANONICAL),
      'Difference: what the model is asked for "T.V." was "t.v."; now it is "t v".',
      /^Set `canonical: false` in the ontology .* to finish it/,
    ],
    [
      'a template of version 0.1 with punctuation',
      specOf(['Dog'], { templates: ['{}', 'a {}.'] }),
      specOf(['Dog'], { templates: ['{}', 'a {}.'], ...CANONICAL }),
      'Difference: what the model is asked for "Dog" was "a dog."; now it is "a dog".',
      /^Set `canonical: false` in the ontology .* to finish it/,
    ],
    [
      'templates of version 0.1 that are one now',
      specOf(['dog'], { templates: ['a {}', 'a {}!'] }),
      specOf(['dog'], { templates: ['a {}', 'a {}!'], ...CANONICAL }),
      'Difference: what the model is asked for "dog" was "a dog!"; now it is not asked.',
      /^Set `canonical: false` in the ontology .* to finish it/,
    ],
    [
      'templates that were one and are several as they are written',
      specOf(['dog'], { templates: ['a {}', 'a {}!'], ...CANONICAL }),
      specOf(['dog'], { templates: ['a {}', 'a {}!'], canonical: false }),
      'Difference: what the model is asked for "dog" was not asked; now it is "a dog!".',
      /^Remove `canonical: false` from the ontology to finish it/,
    ],
    [
      'a folder that was begun with canonical prompts',
      specOf(['T.V.'], CANONICAL),
      specOf(['T.V.'], { canonical: false }),
      'Difference: what the model is asked for "T.V." was "t v"; now it is "t.v.".',
      /^Remove `canonical: false` from the ontology to finish it/,
    ],
    [
      'other prompts beside another form',
      specOf(['T.V.']),
      specOf(['T.V.', 'radio'], CANONICAL),
      'Difference: prompts of class "dog" was ["T.V."]; now it is ["T.V.","radio"].',
      /^Give the earlier ontology \(run\.json has it, .*\), with `canonical: false`, to finish it/,
    ],
    [
      'other templates',
      ...spelled(['a {}'], ['the {}']),
      'Difference: templates was ["a {}"]; now it is ["the {}"].',
      /^Give the earlier ontology \(run\.json has it, under `ontology`\) to finish it/,
    ],
    [
      'prompts that only together with a template are the same text',
      specOf(['dog'], { ...CANONICAL, templates: ['a photo of a {}'] }),
      specOf(['a photo of a dog'], CANONICAL),
      'Difference: prompts of class "dog" was ["dog"]; now it is ["a photo of a dog"].',
      /^Give the earlier ontology \(run\.json has it, under `ontology`\) to finish it/,
    ],
  ])('is another one with %s, and the message has the way to finish it', (_what, before, now, message, hint) => {
    expect(() => compare({ ontology: now }, { ...header, ontology: before })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message) as string,
        hint: expect.stringMatching(hint) as string,
      }),
    );
  });
});
