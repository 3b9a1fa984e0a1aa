import { expect, it } from 'vitest';
import { listSettings } from './settings.js';

const OWLV2 = { modelType: 'owlv2', nativeSide: 960, patchSize: 16 };

it('the defaults come first, then each setting alone, then what fit, templates and spelling make together', () => {
  const settings = listSettings({ ...OWLV2, full: false });
  expect(settings.map(({ name }) => name)).toEqual([
    'defaults',
    'fit grey',
    'fit stretch',
    'fit unpadded',
    'templates owl',
    'canonical false',
    'size 720',
    'size 480',
    'precision int8',
    'templates owl, canonical false',
    'fit grey, canonical false',
    'fit grey, templates owl',
    'fit grey, templates owl, canonical false',
    'fit stretch, canonical false',
    'fit stretch, templates owl',
    'fit stretch, templates owl, canonical false',
    'fit unpadded, canonical false',
    'fit unpadded, templates owl',
    'fit unpadded, templates owl, canonical false',
  ]);
  expect(settings.at(-1)).toMatchObject({
    flags: ['--fit', 'unpadded'],
    ontology: { templates: 'owl', canonical: false },
  });
});

it('the full grid has every combination once', () => {
  const names = listSettings({ ...OWLV2, full: true }).map(({ name }) => name);
  expect(names).toHaveLength(4 * 2 * 2 * 3 * 2);
  expect(new Set(names).size).toBe(names.length);
  expect(names[0]).toBe('defaults');
  expect(names).toContain('fit grey, templates owl, canonical false, size 480, precision int8');
});

it('OWL-ViT is stretched by default, and sizes are whole patches', () => {
  const names = listSettings({ modelType: 'owlvit', nativeSide: 840, patchSize: 14, full: false }).map(
    ({ name }) => name,
  );
  expect(names.filter((name) => name.startsWith('fit') && !name.includes(','))).toEqual(['fit letterbox']);
  expect(names).toContain('size 630');
  expect(names).toContain('size 420');
});
