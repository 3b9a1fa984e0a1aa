import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cocoText, yoloText } from '../../../src/server/page/client/annotations.js';
import { above, firstThreshold, foundOf, type Info } from '../../../src/server/page/client/answers.js';
import { colourOf } from '../../../src/server/page/client/colours.js';
import { problemOf } from '../../../src/server/page/client/problems.js';
import { classesOfText, ontologyField, textOfClasses } from '../../../src/server/page/client/prompts.js';

const INFO: Info = {
  preannotate: '1.0.0',
  model: { reference: 'a' },
  classes: [
    { name: 'cup', id: 3, prompts: ['a cup'], threshold: 0.4 },
    { name: 'pen', id: 1, prompts: ['a pen'], threshold: 0.3 },
  ],
  templates: ['a photo of {}'],
  ignore: ['a picture of a cup', 'a pen holder'],
  score_floor: 0.05,
  server: { max_image_bytes: 1 },
};

describe('the text of prompts', () => {
  const folded = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .map((text) => text.trim().replaceAll(/\s+/g, ' '));
  const word = fc.oneof(folded, fc.constantFrom('a: b', 'a, b', '"a"', '#a', 'a "b", c', '6" nail', '\\', ':', '"'));
  const text = word.filter((one) => one !== '');
  const entry = fc.record({ name: text, prompts: fc.array(text, { minLength: 1, maxLength: 4 }) });

  it('says every class and prompt again, whatever is in their names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 5 }), (entries) => {
        const classes = entries.map((one, i) => ({ ...one, id: 10 - i }));
        expect(classesOfText(textOfClasses(classes), classes).classes).toEqual(classes);
      }),
    );
  });

  it('takes comments, empty lines and a name alone, and knows the line of each class', () => {
    const { classes, lines } = classesOfText(
      '# a comment\r\n\r\n bottle \r\ncup : a cup ,, a mug,\r\nnone:\r\n',
      INFO.classes,
    );
    expect(classes).toEqual([
      { name: 'bottle', id: 2, prompts: ['bottle'] },
      { name: 'cup', id: 3, prompts: ['a cup', 'a mug'] },
      { name: 'none', id: 4, prompts: [] },
    ]);
    expect(lines).toEqual([3, 4, 5]);
  });

  it('goes to the server with its own templates, and what it ignores unless that is asked for now', () => {
    const prompted = classesOfText('holder: a pen holder', INFO.classes);
    expect(ontologyField(prompted, INFO)).toEqual({
      templates: INFO.templates,
      ignore: ['a picture of a cup'],
      classes: [{ name: 'holder', id: 2, prompts: ['a pen holder'] }],
    });
  });
});

describe('what the page writes', () => {
  const classes = [
    { name: 'naïve 🙂', id: 7, prompts: [] },
    { name: 'a', id: 2, prompts: [] },
  ];
  const answer = {
    boxes: [[0, 0, 10, 20] as const, [99.999, 0, 100, 50] as const, [99.999, 0, 100, 50] as const],
    scores: [0.9, 0.5, 0.3],
    labels: ['naïve 🙂', 'a', 'a'],
    prompts: ['p', 'q', 'r'],
    width: 100,
    height: 50,
  };
  const annotated = { name: 'ü.jpg', width: 100, height: 50, found: foundOf(answer), classes };
  const origin = { version: '1.0.0', model: 'm', date: new Date('2026-01-02T03:04:05Z') };

  it('as YOLO lines has 6 decimals, counts classes by id from 0, and neither repeats a line nor loses a thin box', () => {
    expect(yoloText(annotated)).toBe('1 0.050000 0.200000 0.100000 0.400000\n0 0.999995 0.500000 0.000010 1.000000\n');
  });

  it('as COCO JSON is ASCII, and has ids from 1', () => {
    const text = cocoText(annotated, origin);
    expect(text).toMatch(/^[\n -~]*$/);
    const { info, images, categories, annotations } = JSON.parse(text) as Record<string, { id: number }[]>;
    expect(info).toMatchObject({ year: 2026, date_created: '2026-01-02T03:04:05.000Z' });
    expect(images).toEqual([{ id: 1, file_name: 'ü.jpg', width: 100, height: 50 }]);
    expect(categories!.map(({ id }) => id)).toEqual([2, 7]);
    expect(annotations!.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(annotations![0]).toMatchObject({ category_id: 7, bbox: [0, 0, 10, 20], area: 200 });
    const nothing = JSON.parse(cocoText({ ...annotated, found: [] }, origin)) as object;
    expect(nothing).toMatchObject({ annotations: [] });
  });

  it('leaves out boxes whose score is the threshold, as the server does; the slider begins at the lowest of the classes', () => {
    expect(above(annotated.found, 0.5).map(({ score }) => score)).toEqual([0.9]);
    expect(firstThreshold(INFO)).toBe(0.3);
    expect(firstThreshold({ ...INFO, score_floor: 0.6 })).toBe(0.6);
  });

  it('on the colour of a class is readable, for any number of classes', () => {
    const luminance = (hex: string) => {
      const linear = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2); // near enough to sRGB
      return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
    };
    for (let i = 0; i < 500; i++) {
      const { fill, text } = colourOf(i);
      const [dark, light] = [luminance(fill), luminance(text)].sort((a, b) => a - b) as [number, number];
      expect((light + 0.05) / (dark + 0.05), fill).toBeGreaterThan(4.4);
    }
    expect(new Set(Array.from({ length: 87 }, (_, i) => colourOf(i).fill)).size).toBe(87);
  });
});

describe('a refusal in words', () => {
  it('says when to try again, and bears an answer that is not the server’s', () => {
    const busy = problemOf({ status: 429, retryAfter: '3' }, '{"code":"QUEUE_FULL","detail":"Full.","request_id":"r"}');
    expect([busy.title, ...busy.details]).toEqual(['The server is busy', 'Full.', 'Try again in 3 s.', 'Request r']);
    const foreign = problemOf({ status: 502, retryAfter: null }, '<h1>Bad gateway</h1>');
    expect([foreign.title, ...foreign.details]).toEqual([
      'The server could not answer',
      'The answer was 502, without a reason.',
    ]);
  });
});
