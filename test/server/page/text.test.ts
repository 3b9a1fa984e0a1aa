import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCoco, formatYolo } from '../../../src/server/page/client/annotations.js';
import { filterAbove, initialThresholdOf, toFoundBoxes, type Info } from '../../../src/server/page/client/answers.js';
import { colourOf } from '../../../src/server/page/client/colours.js';
import { toPageError } from '../../../src/server/page/client/page-error.js';
import { parsePrompts, toOntologyField, formatPrompts } from '../../../src/server/page/client/prompt-text.js';

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

  it('can be parsed back into the same classes and prompts, whatever characters they contain', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 5 }), (entries) => {
        const classes = entries.map((one, i) => ({ ...one, id: 10 - i }));
        expect(parsePrompts(formatPrompts(classes), classes).classes).toEqual(classes);
      }),
    );
  });

  it('may hold comments, empty lines and a name alone; each class is reported with its line', () => {
    const { classes, lines } = parsePrompts(
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

  it("is sent with the server's own templates, and with its look-alikes to ignore except those now asked for", () => {
    const prompted = parsePrompts('holder: a pen holder', INFO.classes);
    expect(toOntologyField(prompted, INFO)).toEqual({
      templates: INFO.templates,
      ignore: ['a picture of a cup'],
      classes: [{ name: 'holder', id: 2, prompts: ['a pen holder'] }],
    });
  });
});

describe('an annotation that the page writes', () => {
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
  const annotated = { name: 'ü.jpg', width: 100, height: 50, found: toFoundBoxes(answer), classes };
  const origin = { version: '1.0.0', model: 'm', date: new Date('2026-01-02T03:04:05Z') };

  it('has 6 decimals and class numbers from 0 in YOLO lines, where no line is repeated and thin boxes are kept', () => {
    expect(formatYolo(annotated)).toBe(
      '1 0.050000 0.200000 0.100000 0.400000\n0 0.999995 0.500000 0.000010 1.000000\n',
    );
  });

  it('is ASCII in COCO JSON, with ids from 1', () => {
    const text = formatCoco(annotated, origin);
    expect(text).toMatch(/^[\n -~]*$/);
    const { info, images, categories, annotations } = JSON.parse(text) as Record<string, { id: number }[]>;
    expect(info).toMatchObject({ year: 2026, date_created: '2026-01-02T03:04:05.000Z' });
    expect(images).toEqual([{ id: 1, file_name: 'ü.jpg', width: 100, height: 50 }]);
    expect(categories!.map(({ id }) => id)).toEqual([2, 7]);
    expect(annotations!.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(annotations![0]).toMatchObject({ category_id: 7, bbox: [0, 0, 10, 20], area: 200 });
    const nothing = JSON.parse(formatCoco({ ...annotated, found: [] }, origin)) as object;
    expect(nothing).toMatchObject({ annotations: [] });
  });

  it('leaves out boxes whose score equals the threshold, which starts at the lowest one of the classes', () => {
    expect(filterAbove(annotated.found, 0.5).map(({ score }) => score)).toEqual([0.9]);
    expect(initialThresholdOf(INFO)).toBe(0.3);
    expect(initialThresholdOf({ ...INFO, score_floor: 0.6 })).toBe(0.6);
  });

  it('has a readable label on the colour of its class, for any number of classes', () => {
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

describe('an error response, as the page shows it,', () => {
  it('tells when to try again; an answer of a proxy is shown by its status', () => {
    const busy = toPageError(
      { status: 429, retryAfter: '3' },
      '{"code":"QUEUE_FULL","detail":"Full.","request_id":"r"}',
    );
    expect([busy.title, ...busy.details]).toEqual(['The server is busy', 'Full.', 'Try again in 3 s.', 'Request r']);
    const foreign = toPageError({ status: 502, retryAfter: null }, '<h1>Bad gateway</h1>');
    expect([foreign.title, ...foreign.details]).toEqual([
      'The server could not answer',
      'The answer was 502, without a reason.',
    ]);
  });
});
