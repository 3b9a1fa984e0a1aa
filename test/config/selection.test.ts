import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { ExportConfig } from '../../src/config/schema.js';
import {
  changeSelection,
  readStoredSelection,
  applyRequest,
  resolveSelection,
  selectionOf,
  toStoredSelection,
  type StatedSelection,
} from '../../src/config/selection.js';
import { PreannotateError } from '../../src/core/errors.js';
import { buildOntology, type OntologyClass } from '../../src/core/ontology.js';

const ontology = buildOntology({
  templates: [],
  classes: [
    { name: 'bottle', id: 1, prompts: ['a bottle'] },
    { name: 'cup', id: 2, prompts: ['a cup', 'a mug'] },
  ],
  ignore: [],
});
const own = {
  ...ontology,
  threshold: 0.3,
  classes: [ontology.classes[0]!, { ...ontology.classes[1]!, threshold: 0.15 }],
};

const [bottle, cup] = ontology.classes as [OntologyClass, OntologyClass];
const example = { image: 'logo.png', sha256: '00' };
const withExamples = buildOntology({
  ...ontology,
  classes: [bottle, { name: 'logo', id: 3, prompts: [], examples: [example] }, { ...cup, examples: [example] }],
});

const STORED: StatedSelection = {
  scoreThreshold: 0.2,
  overridesOntology: true,
  nmsIou: 0.7,
  classAgnosticNms: true,
  maxDetections: 50,
};

function load({ flags = {}, environment = {} }: { flags?: object; environment?: Record<string, string> } = {}) {
  return loadSettings({ schema: ExportConfig, flags: { ...flags }, environment, cwd: '/' });
}

describe('the selection of a command', () => {
  it('is at the defaults of the options', async () => {
    expect(selectionOf(await load())).toEqual({
      scoreThreshold: 0.1,
      overridesOntology: false,
      nmsIou: 'auto',
      classAgnosticNms: false,
      maxDetections: 300,
    });
  });

  it("precedes the ontology's threshold where a flag or a variable sets score_threshold", async () => {
    const set = [{ flags: { score_threshold: '0.4' } }, { environment: { PREANNOTATE_SCORE_THRESHOLD: '0.4' } }];
    for (const source of set)
      expect(selectionOf(await load(source))).toMatchObject({ scoreThreshold: 0.4, overridesOntology: true });
  });

  it('has no IoU limit with --no-nms', async () => {
    expect(selectionOf(await load({ flags: { nms: false } })).nmsIou).toBeNull();
  });
});

describe('export', () => {
  it('keeps the selection of the run where no option is set', async () => {
    expect(changeSelection(STORED, await load())).toEqual(STORED);
  });

  it.each<[flags: object, change: Partial<StatedSelection>]>([
    [{ score_threshold: '0.4' }, { scoreThreshold: 0.4 }],
    [{ nms_iou: '0.3' }, { nmsIou: 0.3 }],
    [{ nms: false }, { nmsIou: null }],
    [{ nms: true }, { nmsIou: 'auto' }],
    [{ class_agnostic_nms: 'no' }, { classAgnosticNms: false }],
    [{ max_detections: '9' }, { maxDetections: 9 }],
  ])('changes with %j only what that decides', async (flags, change) => {
    expect(changeSelection(STORED, await load({ flags }))).toEqual({ ...STORED, ...change });
  });
});

describe('the selection of run.json', () => {
  it('has the keys of config files, and the threshold in force for each class', () => {
    const stated = { ...STORED, overridesOntology: false };
    expect(JSON.stringify(toStoredSelection(stated, own))).toBe(
      '{"score_threshold":0.2,"overrides_ontology":false,"nms_iou":0.7,"class_agnostic_nms":true,' +
        '"max_detections":50,"thresholds":{"bottle":0.3,"cup":0.15},"nms_ious":{"bottle":0.7,"cup":0.7}}',
    );
  });

  it('has the IoU limit in force for each class, and none of its own where none was set', () => {
    const stored = toStoredSelection({ ...STORED, nmsIou: 'auto' }, withExamples);
    expect(stored).not.toHaveProperty('nms_iou');
    expect(stored['nms_ious']).toEqual({ bottle: 0.5, logo: 0.3, cup: 0.3 });
    expect(readStoredSelection(stored)).toEqual({ ...STORED, nmsIou: 'auto' });
    const without = toStoredSelection({ ...STORED, nmsIou: null }, withExamples);
    expect(without).toMatchObject({ nms_iou: null });
    expect(without).not.toHaveProperty('nms_ious');
    expect(readStoredSelection(without)).toEqual({ ...STORED, nmsIou: null });
  });

  it('of earlier versions, which stored the default, is one for all classes', () => {
    const { nms_ious: _, ...older } = toStoredSelection({ ...STORED, nmsIou: 0.5 }, withExamples);
    expect(resolveSelection(readStoredSelection(older), withExamples).nmsIou).toEqual([0.5, 0.5, 0.5]);
  });

  it('is read again, with the default of an option that the run did not have yet', () => {
    const { max_detections: _, ...older } = toStoredSelection(STORED, own);
    expect(readStoredSelection(toStoredSelection(STORED, own))).toEqual(STORED);
    expect(readStoredSelection(older)).toEqual({ ...STORED, maxDetections: 300 });
  });

  it('is read in the form of version 0.1, with keys in camel case', () => {
    expect(readStoredSelection({ ...STORED })).toEqual(STORED);
  });

  it('is refused with every value that a selection cannot have', () => {
    const broken = { ...toStoredSelection(STORED, own), nms_iou: 2, max_detections: 'many' };
    expect(() => readStoredSelection(broken)).toThrow(
      new PreannotateError({
        code: 'JOURNAL_DAMAGED',
        message:
          'run.json: selection.nms_iou must be at most 1, not 2.\n' +
          'run.json: selection.max_detections must be a number, not "many".',
        hint: 'Correct the file, or give the same `preannotate run` again: it writes the file anew.',
      }),
    );
  });
});

describe('the selection of a request', () => {
  it('is as the server was started where the request leaves options out', () => {
    expect(applyRequest({}, STORED)).toEqual(STORED);
    expect(applyRequest({ max_detections: 5 }, STORED)).toEqual({ ...STORED, maxDetections: 5 });
  });

  it("precedes the ontology's threshold with its own", () => {
    const started = { ...STORED, overridesOntology: false };
    const expected = { ...STORED, scoreThreshold: 0.4, overridesOntology: true };
    expect(applyRequest({ score_threshold: 0.4 }, started)).toEqual(expected);
  });

  it('suppresses overlaps as the server does, unless nms turns that on or off', () => {
    const off = { ...STORED, nmsIou: null };
    expect(applyRequest({ nms: false, nms_iou: 0.2 }, STORED).nmsIou).toBeNull();
    expect(applyRequest({ nms_iou: 0.2 }, off).nmsIou).toBeNull();
    expect(applyRequest({ nms: true }, off).nmsIou).toBe('auto');
    expect(applyRequest({ nms: true }, STORED).nmsIou).toBe(0.7);
    expect(applyRequest({ nms: true, nms_iou: 0.2 }, off).nmsIou).toBe(0.2);
  });
});

describe('the thresholds of the classes', () => {
  const stated = { ...STORED, scoreThreshold: 0.1, overridesOntology: false };

  it("are their own, else the ontology's, else score_threshold", () => {
    expect(resolveSelection(stated, ontology).thresholds).toEqual([0.1, 0.1]);
    expect(resolveSelection(stated, own).thresholds).toEqual([0.3, 0.15]);
  });

  it("are score_threshold before the ontology's, but not before their own, where it was set for the call", () => {
    const set = { ...stated, scoreThreshold: 0.6, overridesOntology: true };
    expect(resolveSelection(set, own).thresholds).toEqual([0.6, 0.15]);
  });
});

describe('how much the boxes of the classes may overlap', () => {
  it('is 0.5, and 0.3 for classes with examples, where nms_iou is not set', () => {
    expect(resolveSelection({ ...STORED, nmsIou: 'auto' }, withExamples).nmsIou).toEqual([0.5, 0.3, 0.3]);
  });

  it('is nms_iou for all classes, where that is set, and without a limit with --no-nms', () => {
    expect(resolveSelection({ ...STORED, nmsIou: 0.5 }, withExamples).nmsIou).toEqual([0.5, 0.5, 0.5]);
    expect(resolveSelection({ ...STORED, nmsIou: 0 }, withExamples).nmsIou).toEqual([0, 0, 0]);
    expect(resolveSelection({ ...STORED, nmsIou: null }, withExamples).nmsIou).toBeNull();
  });
});
