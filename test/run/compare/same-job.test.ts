import { describe, expect, it } from 'vitest';
import type { Fit } from '../../../src/core/inference/input-form.js';
import { findJobDifferences, withFit } from '../../../src/run/compare/same-job.js';
import { assertSameJob } from './assert-same-job.js';
import type { JournalHeader } from '../../../src/run/header.js';
import { header } from '../journal-header.js';

describe('the job that a journal belongs to', () => {
  const compare = (changed: Partial<JournalHeader>, before = header) => {
    assertSameJob(before, { ...header, ...changed }, 'detections.jsonl');
  };

  it.each<[string, Partial<JournalHeader>, RegExp]>([
    ['model', { model: { ...header.model, sha256: 'ff' } }, /SHA-256 of its weights\) was "ab"; now it is "ff"/],
    [
      'image size',
      { options: { ...header.options, image_size: [96, 96] } },
      /image_size was "native"; now it is \[96,96\]/,
    ],
    [
      'prompt',
      { ontology: { ...header.ontology, classes: [{ name: 'dog', id: 1, prompts: ['a puppy'] }] } },
      /prompts of class "dog" was \["a dog"\]; now it is \["a puppy"\]/,
    ],
    ['ignored prompt', { ontology: { ...header.ontology, ignore: ['a toy'] } }, /ignored prompts/],
  ])('differs from one with another %s, and the difference is named', (_what, changed, message) => {
    expect(() => compare(changed)).toThrow(
      expect.objectContaining({ code: 'RESUME_MISMATCH', message: expect.stringMatching(message) as string }),
    );
  });

  it('was computed in fp32 when the journal is of a version without --precision', () => {
    const { precision: _, ...without } = header.options;
    const old = { ...header, options: without };
    compare({}, old);
    expect(() => compare({ options: { ...header.options, precision: 'int8' } }, old)).toThrow(
      'precision was "fp32"; now it is "int8"',
    );
  });

  it('is another one in int8 where an earlier version computed attention in float32', () => {
    const int8 = { ...header.options, precision: 'int8' as const };
    const now = { options: { ...int8, attention: 'int8' as const } };
    compare(now, { ...header, ...now });
    expect(() => compare(now, { ...header, options: int8 })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('attention was "float32"; now it is "int8"') as string,
        hint: expect.stringMatching(/^Use the version of preannotate that began it/) as string,
      }),
    );
    expect(findJobDifferences(header, { ...header, ...now })).toHaveLength(1); // of precision
    const unpadded = { ...header, options: { ...int8, fit: 'unpadded' as const } }; // whose attention is in float
    expect(findJobDifferences({ ...header, ...now }, unpadded)).toHaveLength(1); // of fit
  });

  it.each<[string, Partial<JournalHeader['options']>, Partial<JournalHeader['options']>, RegExp, RegExp]>([
    [
      'images padded another way',
      { fit: 'grey' },
      { fit: 'letterbox' },
      /fit was "grey"; now it is "letterbox"/,
      /Add --fit grey to/,
    ],
    [
      'sliced positions',
      { fit: 'letterbox', positions: 'slice' },
      {},
      /positions was "slice"; now it is "interpolate"/,
      /Add --positions auto to/,
    ],
    [
      'another padding and sliced positions',
      { fit: 'grey' },
      { fit: 'stretch', positions: 'slice' },
      /was "/,
      /Add --fit grey, and add --positions interpolate to/,
    ],
    [
      'boxes of all patches',
      { fit: 'letterbox' },
      { min_objectness: 0.2 },
      /min_objectness was not set; now it is 0\.2/,
      /^Add --min-objectness 0 to/,
    ],
    [
      'boxes of likely objects',
      { fit: 'letterbox', min_objectness: 0.2 },
      { min_objectness: 0.3 },
      /min_objectness was 0\.2; now it is 0\.3/,
      /^Add --min-objectness 0\.2 to/,
    ],
    [
      'images padded another way, of another size',
      { fit: 'grey' },
      { image_size: [9, 9] },
      /image_size/,
      /^Leave out --image-size, and add --fit grey to/,
    ],
    ['another limit of boxes', { fit: 'grey' }, { max_stored: 9 }, /max_stored/, /^Give another --out/],
  ])('with %s is finished with the flags that the message names', (_what, was, is, message, hint) => {
    const before = { ...header, options: { ...header.options, ...was } };
    expect(() => compare({ options: { ...header.options, fit: 'letterbox', ...is } }, before)).toThrow(
      expect.objectContaining({
        code: 'RESUME_MISMATCH',
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(hint) as string,
      }),
    );
  });

  it('was fitted as version 0.1 did with its model, where the journal does not say', () => {
    const now = (fit: Fit) => ({ ...header, options: { ...header.options, fit } });
    compare(now('grey'), withFit(header, 'grey'));
    expect(() => compare(now('letterbox'), withFit(header, 'grey'))).toThrow('fit was "grey"; now it is "letterbox"');
    compare(now('stretch'), withFit(header, 'stretch'));
    compare(now('grey'), withFit(now('grey'), 'stretch'));
  });

  it('is the same with other thresholds, another version and another name of the model', () => {
    const classes = [{ ...header.ontology.classes[0]!, threshold: 0.9 }];
    compare({
      preannotate: '9.9.9',
      model: { ...header.model, reference: './copy' },
      ontology: { ...header.ontology, threshold: 0.4, classes },
    });
  });

  describe('that has several templates', () => {
    const ontology = { ...header.ontology, templates: ['{}', 'a photo of a {}'] };
    const { options } = header;
    const exact = { ontology, options: { ...options, template_mean: 'logits' as const } };

    it('is another one where earlier versions normalised their mean again, and the message gives ways to go on', () => {
      const asked = () => compare(exact, { ...header, ontology });
      expect(asked).toThrow(
        expect.objectContaining({
          code: 'RESUME_MISMATCH',
          message: expect.stringMatching(
            /was that of embeddings, normalised again; now it is that of logits\./,
          ) as string,
          hint: expect.stringMatching(
            /^Use the version of preannotate that began it to finish it.*--restart/,
          ) as string,
        }),
      );
    });

    it('is the same where there is nothing to average, because all templates give one text', () => {
      const templates = ['a {}', 'A {}.'];
      const once = { ...ontology, canonical: true, templates: ['a {}'] };
      const twice = { ...once, templates };
      compare({ ontology: once }, { ...header, ...exact, ontology: twice });
      compare({ ...exact, ontology: twice }, { ...header, ontology: once });
      const noPrompts = { templates, classes: [{ name: 'dog', id: 1, prompts: [] }], ignore: [] };
      compare({ ...exact, ontology: noPrompts }, { ...header, ontology: noPrompts });
    });

    it('is the same where both average logits, and with an export, which has one way of averaging', () => {
      compare(exact, { ...header, ...exact });
      compare({ ontology }, { ...header, ontology });
    });
  });

  it('is finished by all that it takes, where several things differ', () => {
    const spec = { ...header.ontology, classes: [{ name: 'dog', id: 1, prompts: ['T.V.'] }] };
    const begun = { ...header, ontology: spec, options: { ...header.options, fit: 'grey' as const } };
    const now = { ontology: { ...spec, canonical: true }, options: { ...header.options, fit: 'letterbox' as const } };
    const hint = /^Set `canonical: false` in the ontology \(.*\), and add --fit grey to finish it as it was begun, /;
    expect(() => compare(now, begun)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) as string }));
    const other = { ...now.ontology, classes: [...now.ontology.classes, { name: 'cat', id: 2, prompts: ['cat'] }] };
    expect(() => compare({ ...now, ontology: other }, begun)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/or run the first job again\.$/) as string }),
    );
  });

  it('is another one in several ways, all of which are named; of long lists, what differs', () => {
    const classesOf = (...names: string[]) =>
      names.map((name, i) => ({ name, id: i + 1, prompts: [`a ${name}`], threshold: i / 10 }));
    const many = Array.from({ length: 40 }, (_, i) => `prompt ${i}`);
    const ontologyOf = (classes: JournalHeader['ontology']['classes'], ignore: string[] = []) => ({
      ontology: { templates: [], classes, ignore },
    });
    const messageOf = (before: Partial<JournalHeader>, now: Partial<JournalHeader>) => {
      try {
        compare(now, { ...header, ...before });
      } catch (error) {
        return (error as Error).message.replace('detections.jsonl belongs to another job. ', '');
      }
      return undefined;
    };
    const two = ontologyOf(classesOf('dog', 'cat'));
    expect(messageOf(two, ontologyOf(classesOf('cat', 'dog')))).toBe(
      'Difference: order of classes was ["dog","cat"]; now it is ["cat","dog"]. Also different: ' +
        'id of class "dog" was 1; now it is 2 | id of class "cat" was 2; now it is 1.',
    );
    expect(messageOf(two, ontologyOf(classesOf('dog', 'kitten')))).toBe(
      'Difference: name of class 2 was "cat"; now it is "kitten".',
    );
    expect(messageOf(two, ontologyOf(classesOf('dog', 'bird', 'cow')))).toBe(
      'Difference: number of classes was 2; now it is 3. Also different: ' +
        'class "cat" is missing now | class "bird" was not there | class "cow" was not there.',
    );
    expect(messageOf(ontologyOf(classesOf('dog'), many), ontologyOf(classesOf('dog'), [...many.slice(2), 'new']))).toBe(
      'Difference: ignored prompts no longer has "prompt 0", "prompt 1", and has "new" now.',
    );
    const others = { ...header.options, image_size: [9, 9] as [number, number], strict_images: true };
    expect(messageOf({}, { model: { ...header.model, sha256: 'ff' }, options: others })).toBe(
      'Difference: model (SHA-256 of its weights) was "ab"; now it is "ff". Also different: ' +
        'image_size was "native"; now it is [9,9] | strict_images was false; now it is true.',
    );
    const twenty = ontologyOf(classesOf(...many.slice(0, 20)));
    expect(messageOf(twenty, ontologyOf(classesOf(...many.slice(20))))).toMatch(/ \| and 9 more\.$/);
    const retuned = two.ontology.classes.map((each) => ({ ...each, threshold: 0.7 }));
    expect(messageOf(two, ontologyOf(retuned))).toBeUndefined();
  });

  it('is another one with fewer classes, also where all have examples only', () => {
    const examples = (name: string) => [{ image: `${name}.png`, sha256: name }];
    const classes = ['a', 'b'].map((name, i) => ({ name, id: i + 1, prompts: [], examples: examples(name) }));
    const of = (count: number, ignore: string[] = []) => ({
      ...header,
      ontology: { templates: [], classes: classes.slice(0, count), ignore },
    });
    const refused = (before: JournalHeader, now: JournalHeader, message: string) => {
      expect(() => assertSameJob(before, now, 'detections.jsonl')).toThrow(
        expect.objectContaining({ code: 'RESUME_MISMATCH', message: expect.stringContaining(message) as string }),
      );
    };
    refused(of(2), of(1), 'number of classes was 2; now it is 1');
    refused(of(1), of(2), 'number of classes was 1; now it is 2');
    refused(of(2, ['a toy']), of(1, ['a cup']), 'number of classes was 2; now it is 1');
    refused(of(2, ['a toy']), of(2, ['a cup']), 'ignored prompts was ["a toy"]; now it is ["a cup"]');
  });

  it('is the same with one template or none, however several would be averaged', () => {
    for (const templates of [[], ['a photo of a {}']]) {
      const ontology = { ...header.ontology, templates };
      compare({ ontology }, { ...header, ontology });
    }
  });
});
