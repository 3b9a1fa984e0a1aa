import { describe, expect, it } from 'vitest';
import { NameFilter } from '../../../src/images/globs/name-filter.js';
import { useTree, NAMES } from './tree.js';

const tree = useTree();

/** Names of the tree that a list of patterns matches, as --include takes them or --exclude leaves them out. */
async function matched(option: 'include' | 'exclude', patterns: string | string[], separator = '/', cwd = tree.parent) {
  const given = {
    include: [],
    exclude: [],
    [option]: [patterns].flat().map((pattern) => pattern.replace('PARENT', tree.parent)),
  };
  const filter = await NameFilter.create(given, { root: tree.root, cwd, separator });
  const selected = filter.select(NAMES);
  return {
    names: NAMES.filter((name) => selected.has(name) === (option === 'include')),
    notes: filter.describe(NAMES),
  };
}

const SUB = ['sub/c.jpg', 'sub/deep/d.jpg'];

/** PARENT stands for the absolute path of the folder that the tree is in. */
type Row = [pattern: string | string[], names: string[]];

const EITHER: Row[] = [
  // Folders.
  ['sub', SUB],
  ['sub/', SUB],
  ['./sub', SUB],
  ['./sub/', SUB],
  ['sub//', SUB],
  ['sub/.', SUB],
  ['other/../sub', SUB],
  ['sub/**', SUB],
  ['sub//**', SUB],
  ['./sub/./**', SUB],
  ['other/../sub/**', SUB],
  ['sub/deep', ['sub/deep/d.jpg']],
  ['sub/deep/', ['sub/deep/d.jpg']],
  ['**/sub/', ['sub/c.jpg', 'sub/deep/d.jpg', 'other/sub/e.jpg']],
  ['*/sub/', ['other/sub/e.jpg']],
  ['o*/', ['other/sub/e.jpg']],
  ['/sub', SUB], // as in .gitignore
  ['/sub/*.jpg', ['sub/c.jpg']],
  ['.', NAMES],
  ['./', NAMES],
  // Files.
  ['a.jpg', ['a.jpg']],
  ['./a.jpg', ['a.jpg']],
  ['./*.png', ['b.png']],
  ['*.png', ['b.png']],
  ['sub/*.jpg', ['sub/c.jpg']],
  ['**/d.jpg', ['sub/deep/d.jpg']],
  ['{a,b}.*', ['a.jpg', 'b.png']],
  ['@(a|b).*', ['a.jpg', 'b.png']],
  ['(a|b).*', ['a.jpg', 'b.png']],
  ['[ab].???', ['a.jpg', 'b.png']],
  ['[!b].jpg', ['a.jpg']],
  ['[^b].jpg', ['a.jpg']],
  ['**/k.jpg', ['line\nbreak/k.jpg']],
  // Outside of the root and back.
  ['../photos/sub', SUB],
  ['../photos/sub/**', SUB],
  ['photos/sub', SUB], // relative to the working folder
  ['PARENT/photos/sub', SUB],
  ['PARENT/photos/sub/', SUB],
  ['PARENT/photos/sub/*.jpg', ['sub/c.jpg']],
  ['PARENT/photos/**/d.jpg', ['sub/deep/d.jpg']],
  ['PARENT/link/sub', SUB],
  ['PARENT/link/sub/*.jpg', ['sub/c.jpg']],
  ['PARENT/photos/[v1]/*.jpg', ['[v1]/g.jpg']],
  // Names that look like patterns: the existing path wins.
  ['photos (1)', ['photos (1)/f.jpg']],
  ['photos (1)/', ['photos (1)/f.jpg']],
  ['photos (1)/*.jpg', ['photos (1)/f.jpg']],
  ['photos (*)/f.jpg', ['photos (1)/f.jpg']],
  ['[v1]', ['[v1]/g.jpg']],
  ['[v1]/', ['[v1]/g.jpg']],
  ['[v1]/*', ['[v1]/g.jpg']],
  ['\\[v1\\]/*', ['[v1]/g.jpg']],
  ['{x,y}', ['{x,y}/h.jpg']],
  ['{x,y}/*.jpg', ['{x,y}/h.jpg']],
  ['IMG(1).jpg', ['IMG(1).jpg']],
  ['q[ab].jpg', ['q[ab].jpg']],
  ['q\\[ab\\].jpg', ['q[ab].jpg']],
  ['q[ab]*', ['q[ab].jpg', 'qa.jpg']],
  ['star*.jpg', ['star*.jpg']],
  ['star?*.jpg', ['star*.jpg', 'starry.jpg']],
  ['!bang.jpg', ['!bang.jpg']],
  ['\\!bang.jpg', ['!bang.jpg']],
  ['back\\slash.jpg', ['back\\slash.jpg']],
  // Lists.
  ['a.jpg,b.png', ['a.jpg', 'b.png']],
  ['a.jpg, b.png', ['a.jpg', 'b.png']],
  [' a.jpg , b.png,', ['a.jpg', 'b.png']],
  ['sub/,*.png', ['b.png', ...SUB]],
  ['sub,[v1],photos (1)', [...SUB, 'photos (1)/f.jpg', '[v1]/g.jpg']],
  ['{a,b}.*,sub', ['a.jpg', 'b.png', ...SUB]],
  [
    '{a,b}.{jpg,png},{q,r}*,{x,z}/*,{i,j}*,{k,w}*,{m,n}*',
    ['a.jpg', 'b.png', 'x/h.jpg', 'q[ab].jpg', 'qa.jpg', 'q!.jpg'],
  ],
  ['shot,1.jpg', ['shot,1.jpg']],
  ['shot,*.jpg', ['shot,1.jpg', 'shot,2.jpg']], // matches as it is: no list
  ['shot\\,1.jpg', ['shot,1.jpg']],
  ['shot,1.jpg,a.jpg', ['a.jpg']],
  [
    ['a.jpg', 'b.png'],
    ['a.jpg', 'b.png'],
  ],
  // Spaces around it.
  ['sub ', SUB],
  [' sub/ ', SUB],
  ['*.png ', ['b.png']],
  ['trail ', ['trail /i.jpg']],
  ['trail /', ['trail /i.jpg']],
  // Negated: later patterns take precedence.
  [['sub/**', '!sub/deep'], ['sub/c.jpg']],
  [['sub', '!sub/deep/'], ['sub/c.jpg']],
  ['sub,!sub/deep', ['sub/c.jpg']],
  [['sub', '!sub/**/d.jpg'], ['sub/c.jpg']],
  [['sub', '! sub/deep'], ['sub/c.jpg']],
  [['sub', '!sub/deep', 'sub/deep/*'], SUB],
  [
    '!(a).jpg',
    [
      'IMG(1).jpg',
      'IMG1.jpg',
      'q[ab].jpg',
      'qa.jpg',
      'q!.jpg',
      'shot,1.jpg',
      'shot,2.jpg',
      '!bang.jpg',
      'star*.jpg',
      'starry.jpg',
      'back\\slash.jpg',
    ],
  ],
];

const sorted = (names: readonly string[]) => [...names].sort();

describe.each(['include', 'exclude'] as const)('a pattern of --%s', (option) => {
  it.each(EITHER)('%j matches %j', async (pattern, expected) => {
    const { names, notes } = await matched(option, pattern);
    expect(sorted(names)).toEqual(sorted(expected));
    const isExpected = (note: string) => /taken for the existing path|"(?:shot|1\.jpg|\{\w,\w\}\*)" matches/.test(note);
    expect(notes.filter((note) => !isExpected(note))).toEqual([]);
  });

  it.each<Row>([
    ['sub\\', SUB],
    ['.\\sub', SUB],
    ['sub\\*.jpg', ['sub/c.jpg']],
    ['**\\d.jpg', ['sub/deep/d.jpg']],
    ['sub\\deep\\', ['sub/deep/d.jpg']],
    ['\\[v1\\]/*', ['[v1]/g.jpg']], // a character that it can escape
    ['sub\\,b.png', [...SUB, 'b.png']],
  ])('%j with the backslashes of Windows matches %j', async (pattern, expected) => {
    expect(sorted((await matched(option, pattern as string, '\\')).names)).toEqual(sorted(expected));
  });

  it.each([
    ['nothing.jpg', /matches nothing\. Patterns are relative to .*photos/],
    ['../outside.jpg', /matches nothing/],
    ['/nowhere/*.jpg', /matches nothing/],
    ['d.jpg', /"\*\*\/d\.jpg", which looks in all folders, matches 1 file\./],
    ['case', /"Case" differs from it only in upper and lower case/],
    ['*.PNG', /"b\.png" differs from it only in upper and lower case/],
    ['sub\\*.jpg', /"sub\/\*\.jpg", which uses slashes, matches 1 file/],
    ['**/[v1]/g.jpg', undefined], // a class of characters
    ['*/q[ab].jpg', /matches nothing/],
    ['G*(1).jpg', /matches nothing/],
    ['I*(1).jpg', /"I\*\\\(1\\\)\.jpg", which takes brackets literally, matches 1 file/],
    ['photos/sub/*.jpg', /"sub\/\*\.jpg", which is relative to .*, matches 1 file/],
    ['a.jpg,missing', /--(include|exclude) "missing" matches nothing/],
    ['a{.jpg', /matches nothing/],
  ])('%j is reported where it matches nothing, with what would: %s', async (pattern, note) => {
    const { notes } = await matched(option, pattern);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
  });

  it.each([
    ['star*.jpg', /"star\*\.jpg" is taken for the existing path; as a pattern, it would match 1 other file\./],
    ['{x,y}/h.jpg', /would match 2 other files/],
    ['IMG(1).jpg', undefined],
  ])('%j that exists is reported where it means more as a pattern: %s', async (pattern, note) => {
    const { notes } = await matched(option, pattern);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
  });

  it('that would be matched for hours is refused', async () => {
    const filter = NameFilter.create(
      { include: [], exclude: [], [option]: ['*a*a*a*a*a*a*a*a*b'] },
      { root: tree.root, cwd: tree.root, separator: '/' },
    );
    expect(() => filter).not.toThrow();
    const names = [`${'a'.repeat(245)}.jpg`];
    const select = (await filter).select.bind(await filter);
    expect(() => select(names)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }, 20_000);
});

describe('patterns of --include', () => {
  it.each<Row>([
    ['*', NAMES.filter((name) => !name.includes('/'))], // files, and no folders
    ['!sub', NAMES.filter((name) => !name.startsWith('sub/'))], // everything else
    [['*', '!*.jpg'], ['b.png']],
    [
      ['!*.jpg', 'a.jpg'],
      ['a.jpg', ...NAMES.filter((name) => name.includes('/') || !name.endsWith('.jpg'))],
    ],
  ])('%j match %j', async (pattern, expected) => {
    const { names, notes } = await matched('include', pattern);
    expect({ names: sorted(names), notes }).toEqual({ names: sorted(expected), notes: [] });
  });

  it('that match only folders are reported, with how to take what is in them', async () => {
    const { names, notes } = await matched('include', 'oth*');
    expect(names).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('"oth*/**", which takes what is in folders, matches 1 file.')]);
  });
});

describe('patterns of --exclude', () => {
  it('match folders with everything in them', async () => {
    expect((await matched('exclude', 's*')).names).toEqual([...SUB, ...NAMES.filter((name) => /^s[^u]/.test(name))]);
    expect((await matched('exclude', '*')).names).toEqual(NAMES);
  });

  it('that name an existing folder without images are no mistake', async () => {
    expect(await matched('exclude', 'empty')).toEqual({ names: [], notes: [] });
    expect((await matched('include', 'empty')).notes).toEqual([expect.stringContaining('no file was listed there')]);
  });

  it('that take back what nothing excluded are reported, with --include', async () => {
    const { names, notes } = await matched('exclude', '!sub');
    expect(names).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/"!sub" changes nothing: .* use --include "sub"\.$/)]);
  });
});
