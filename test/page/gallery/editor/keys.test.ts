import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { searchClasses } from '../../../../src/page/gallery/editor/keys/class-search.js';
import {
  actionsOf,
  describeAction,
  GRID_KEYS,
  KEYS,
  listKeys,
} from '../../../../src/page/gallery/editor/keys/key-map.js';

const plain = { shiftKey: false, altKey: false, ctrlKey: false, metaKey: false };

describe('the keys of the editor', () => {
  it('mean one thing each, except for 1 and the arrows, which depend on whether a box is selected', () => {
    const keys = KEYS.flatMap((row) => row.keys as readonly string[]);
    const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
    expect(twice).toEqual(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', '1']);
  });

  it('are found whatever else is on the key, and not with modifiers that mean something else', () => {
    expect(actionsOf({ ...plain, key: 'D' })).toEqual(['nextImage']);
    expect(actionsOf({ ...plain, key: '?', shiftKey: true })).toEqual(['help']);
    expect(actionsOf({ ...plain, key: '+', shiftKey: true })).toEqual(['zoomIn']);
    expect(actionsOf({ ...plain, key: 'ArrowLeft', altKey: true, shiftKey: true })).toEqual(['resizeFar']);
    expect(actionsOf({ ...plain, key: 'ArrowUp', ctrlKey: true, shiftKey: true })).toEqual(['resizeStartFar']);
    expect(actionsOf({ ...plain, key: 'z', metaKey: true })).toEqual(['undo']);
    expect(actionsOf({ ...plain, key: 'Z', shiftKey: true, ctrlKey: true })).toEqual(['redo']);
    expect(actionsOf({ ...plain, key: 'd', ctrlKey: true })).toEqual([]);
    expect(actionsOf({ ...plain, key: '1' })).toEqual(['classByNumber', 'actualSize']);
    expect(actionsOf({ ...plain, key: 'ArrowUp' })).toEqual(['move', 'pan']);
  });

  it('are listed by group; what edits is left out where nothing can be changed', () => {
    const all = listKeys({ canEdit: true }).flatMap(({ rows }) => rows);
    expect(all).toHaveLength(GRID_KEYS.length + KEYS.length);
    expect(all).toContainEqual({ keys: ['D', 'PageDown'], description: 'Next image' });
    expect(all.map(({ keys }) => keys)).toContainEqual(['Shift+Z', 'Ctrl+Shift+Z', 'Ctrl+Y']);
    expect(describeAction('nextImage')).toBe('Next image (D, PageDown)');
    expect(describeAction('zoomIn')).toBe('Zoom in (+)');
    const seen = listKeys({ canEdit: false });
    expect(seen.map(({ group }) => group)).toEqual(['Grid of all images', 'Open image', 'Boxes', 'View', 'Other']);
  });
});

describe('the search for a class', () => {
  const names = ['pallet', 'red pallet', 'person', 'forklift', 'Palette', 'Übergang'];
  const search = (typed: string) => searchClasses(names, typed).map((index) => names[index]);

  it('lists the name itself first, then what begins with it, then words of names, then the rest', () => {
    expect(search('pallet')).toEqual(['pallet', 'red pallet']);
    expect(search('pal')).toEqual(['pallet', 'Palette', 'red pallet']);
    expect(search('p')).toEqual(['pallet', 'person', 'Palette', 'red pallet']);
    expect(search('flt')).toEqual(['forklift']);
  });

  it('does not mind case and accents, and lists all for nothing', () => {
    expect(search('UBER')).toEqual(['Übergang']);
    expect(search(' ')).toEqual(names);
    expect(search('zebra')).toEqual([]);
  });
});

it('fixtures/docs/review.md lists all keys', () => {
  const text = readFileSync(new URL('../../../../fixtures/docs/review.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('\n## Keys\n');
  const rows = section.split('\n## ')[0]!.matchAll(/^\|[^|]*\| +(`.*?`) +\| +(.*?) +\|$/gm);
  const documented = [...rows].map(([, keys, description]) => `${keys!.replaceAll('`', '')}: ${description!}`);
  const all = listKeys({ canEdit: true }).flatMap(({ rows: own }) => own);
  expect(documented).toEqual(all.map(({ keys, description }) => `${keys.join(' ')}: ${description}`));
});
