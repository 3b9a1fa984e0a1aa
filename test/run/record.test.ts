import { describe, expect, it } from 'vitest';
import { buildOntology } from '../../src/core/ontology.js';
import { RecordReader, type ImageRecord } from '../../src/run/record.js';

const ontologyOf = (prompts: string[], canonical?: boolean) =>
  buildOntology({
    templates: [],
    ...(canonical === undefined ? {} : { canonical }),
    classes: prompts.map((prompt, i) => ({ name: `class ${i}`, id: i + 1, prompts: [prompt] })),
    ignore: [],
  });

const recordOf = (prompt: string): ImageRecord => ({
  image: 'a.jpg',
  width: 10,
  height: 10,
  detections: [{ class: 'class 1', prompt, score: 0.5, box: [1, 2, 3, 4], patch: 7 }],
  size_bytes: 10,
  modified_ms: 20,
  sha256: 'ef',
});

describe('a record of a prompt', () => {
  it.each<[what: string, written: string, now: string, canonical?: boolean]>([
    ['version 0.1 as it was written', 'T.V.', 'T.V.'],
    ['version 0.1, where case does not count', 'Wine  Glass', 'wine glass'],
    ['another spelling of the same canonical text', '"A_Cup"', 'a (cup)', true],
    ['canonical prompts, read as prompts that are asked as they are written', 'a_wine_glass', 'A wine glass', false],
    ['canonical prompts, where the ontology is of version 0.1', 'a_wine_glass', 'a wine glass'],
    ['prompts that were asked as they are written, read as canonical ones', 'A wine  glass', '"a_wine_glass"', true],
  ])('of %s is that of the query', (_what, written, now, canonical) => {
    const reader = new RecordReader(ontologyOf(['another', now], canonical));
    expect(reader.detectionsOf(recordOf(written))).toMatchObject([{ classId: 1, queryId: 1, patchId: 7 }]);
  });

  it('that the ontology does not have is reported', () => {
    for (const canonical of [true, false]) {
      const reader = new RecordReader(ontologyOf(['a wine glass'], canonical));
      expect(() => reader.detectionsOf(recordOf('a wine bottle'))).toThrow(
        expect.objectContaining({ code: 'JOURNAL_DAMAGED' }),
      );
    }
  });
});
