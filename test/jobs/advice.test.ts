import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adviseOn } from '../../src/jobs/advice.js';
import { cellsOf } from '../../src/cli/commands/models/published.js';
import { resolveSelection } from '../../src/config/selection.js';
import { buildOntology, type OntologyClass, type OntologySpec } from '../../src/core/ontology.js';
import { PUBLISHED } from '../../src/model/published/checkpoints.js';
import { ROOT } from '../support/model/golden.js';

const ENSEMBLE = 'google/owlv2-base-patch16-ensemble'; // 0.2 is recommended
const OWL_VIT = 'google/owlvit-base-patch32'; // 0.1
const example = { image: 'cup.png', sha256: '00' };
const bottle: OntologyClass = { name: 'bottle', id: 1, prompts: ['a bottle'] };
const cup: OntologyClass = { name: 'cup', id: 2, prompts: ['a cup', 'a mug'] };

function notesOn(
  model: string,
  {
    scoreThreshold,
    canExport = true,
    ...spec
  }: Partial<OntologySpec> & { scoreThreshold?: number; canExport?: boolean } = {},
): string[] {
  const ontology = buildOntology({ templates: [], classes: [bottle, cup], ignore: [], ...spec });
  const stated = { nmsIou: 'auto' as const, classAgnosticNms: false, maxDetections: 300 };
  const threshold = { scoreThreshold: scoreThreshold ?? 0.1, overridesOntology: scoreThreshold !== undefined };
  return adviseOn({ model, ontology, selection: resolveSelection({ ...stated, ...threshold }, ontology), canExport });
}

describe('a threshold', () => {
  it('of half the recommended one or less is noted', () => {
    expect(notesOn(ENSEMBLE)).toEqual([
      'The score threshold is 0.1; for google/owlv2-base-patch16-ensemble, 0.2 is recommended: at half of that or ' +
        'less, expect more wrong boxes. Change it with --score-threshold 0.2, also later in an export.',
    ]);
    expect(notesOn(ENSEMBLE, { canExport: false })).toEqual([expect.stringMatching(/--score-threshold 0\.2\.$/)]);
    expect(notesOn(OWL_VIT, { scoreThreshold: 0.05 })).toHaveLength(1);
    expect(notesOn(OWL_VIT, { scoreThreshold: 0 })).toHaveLength(1);
  });

  it('of twice the recommended one or more is noted', () => {
    expect(notesOn(OWL_VIT, { scoreThreshold: 0.2 })).toEqual([
      expect.stringMatching(/is 0\.2; .* expect fewer boxes/),
    ]);
    expect(notesOn(ENSEMBLE, { threshold: 0.4 })).toHaveLength(1);
  });

  it('in between is not', () => {
    for (const scoreThreshold of [0.11, 0.2, 0.39]) expect(notesOn(ENSEMBLE, { scoreThreshold })).toEqual([]);
    for (const scoreThreshold of [0.06, 0.1, 0.19]) expect(notesOn(OWL_VIT, { scoreThreshold })).toEqual([]);
    expect(notesOn(ENSEMBLE, { threshold: 0.2 })).toEqual([]);
  });

  it('is not noted for a model that is not known, nor for the built-in one', () => {
    for (const model of ['other/owlv2', './checkpoint', 'builtin:emoji']) {
      expect(notesOn(model, { scoreThreshold: 0.9 })).toEqual([]);
    }
  });

  it('of a class of its own is not noted, nor that of a class with examples', () => {
    const own = [bottle, cup].map((one) => ({ ...one, threshold: 0.9 }));
    expect(notesOn(ENSEMBLE, { classes: own })).toEqual([]);
    expect(notesOn(ENSEMBLE, { classes: [own[0]!, cup] })).toHaveLength(1);
    const classes = [
      { ...bottle, examples: [example] },
      { ...cup, prompts: [], examples: [example] },
    ];
    expect(notesOn(ENSEMBLE, { classes, scoreThreshold: 0.8 })).toEqual([]);
  });
});

describe('a prompt without rivals', () => {
  const only = { classes: [bottle] };

  it('is noted, with any model but the built-in one, also in templates', () => {
    const note =
      '"a bottle" is the only prompt, so nothing competes with it for boxes. ' +
      'Prompts for what looks similar, under `ignore` in an ontology file, give fewer wrong boxes.';
    expect(notesOn(OWL_VIT, only)).toEqual([note]);
    expect(notesOn('./checkpoint', { ...only, templates: ['a {}', 'one {}'] })).toEqual([note]);
    expect(notesOn('builtin:emoji', only)).toEqual([]);
  });

  it('is none beside ignored prompts, other prompts or examples', () => {
    expect(notesOn(OWL_VIT, { ...only, ignore: ['a vase'] })).toEqual([]);
    expect(notesOn(OWL_VIT, { ...only, ignoreExamples: [example] })).toEqual([]);
    expect(notesOn(OWL_VIT, { classes: [cup] })).toEqual([]);
    expect(notesOn(OWL_VIT, { classes: [{ ...bottle, examples: [example] }] })).toEqual([]);
    expect(notesOn(OWL_VIT, { classes: [{ ...bottle, prompts: [], examples: [example] }] })).toEqual([]);
  });
});

describe('models.md', () => {
  const page = readFileSync(join(ROOT, 'fixtures/docs/models.md'), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));

  it('has the table of published checkpoints that `models list` prints', () => {
    const shown = rows.filter(([, id = '']) => /^`google\/owl[\w-]+`$/.test(id)).map((cells) => cells.slice(1, -1));
    expect(shown).toEqual(PUBLISHED.map((one) => cellsOf(one)).map(([id, ...cells]) => [`\`${id!}\``, ...cells]));
  });

  it('names the quick start and the choices for quality with their AP and their speed', () => {
    const text = page.replaceAll(/\s+/g, ' ');
    const known = (id: string) => PUBLISHED.find((one) => one.id === id)!;
    const [start, base] = [known(OWL_VIT), known(ENSEMBLE)];
    const large = known('google/owlv2-large-patch14-finetuned');
    expect(text).toContain(`the quick start: it is the fastest, and with an LVIS AP of ${start.lvisAp} the weakest`);
    expect(text).toContain(`\`${base.id}\` (${base.lvisAp})`);
    expect(text).toContain(`\`${large.id}\` (${large.lvisAp})`);
    const { fp32, int8 } = base.imagesPerSec!;
    expect(text).toContain(`(${fp32} images/s instead of ${start.imagesPerSec!.fp32} in fp32, `);
    expect(text).toContain(`${int8} instead of ${start.imagesPerSec!.int8} in int8)`);
  });
});
