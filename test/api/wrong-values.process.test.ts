import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SCENES } from '../support/cli.js';
import { answerOf } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

/** What a call is refused with: `[what was called, code, message, hint]`; a TypeError has no code. */
type Refusal = readonly [call: string, code: string | null, message: string, hint: string];

/** Calls with values that JavaScript programs may give, on a folder with one image. */
const CALLS = `
import { annotate, openDetector, readRun } from 'preannotate';
const refusals = [];
const isRefused = async (name, call) => {
  const answer = await call().then(() => ['accepted'], ({ code, message, hint }) => [code, message, hint]);
  refusals.push([name, ...answer]);
};
const emoji = { model: 'builtin:emoji', ontology: 'emoji' };
const wrong = [null, 7, NaN, true, '', 'a\\0b', 5n, Symbol('x'), () => {}, new Date(0), new ArrayBuffer(3),
  new Uint8Array(3), [null], [[3]], { a: 1 }, Promise.resolve('photos'), new URL('http://a.b')];
for (const value of wrong) {
  await isRefused('options', () => annotate(value instanceof Date ? undefined : value));
  await isRefused('paths', () => annotate({ ...emoji, paths: value }));
  await isRefused('paths[1]', () => annotate({ ...emoji, paths: ['photos', value] }));
  await isRefused('outDir', () => readRun(value));
  for (const name of ['out', 'format', 'device', 'split', 'imageSize', 'maxBytes', 'config', 'model', 'ontology']) {
    if (name === 'ontology' && value?.a === 1) continue; // an ontology in short
    if (name === 'maxBytes' && value === 7) continue; // a size
    await isRefused(name, () => annotate({ ...emoji, paths: 'photos', [name]: value }));
  }
  if (typeof value !== 'function') await isRefused('onNote', () => openDetector({ ...emoji, onNote: value }));
  await isRefused('signal', () => openDetector({ ...emoji, signal: value }));
}
const cyclic = ['cup'];
cyclic.push(cyclic);
let deep = 'cup';
for (let i = 0; i < 100_000; i++) deep = [deep];
for (const value of [cyclic, deep])
  for (const name of ['paths', 'class', 'format', 'imageSize', 'ontology'])
    await isRefused(name, () => annotate({ paths: 'photos', ...emoji, [name]: value }));
for (const classes of [cyclic, deep, { a: cyclic }])
  await isRefused('ontology', () => annotate({ ...emoji, paths: 'photos', ontology: { classes } }));
const holder = { classes: ['cup'] };
holder.classes.push(holder);
await isRefused('ontology', () => annotate({ ...emoji, paths: 'photos', ontology: holder }));
await isRefused('detect', () => annotate({ ...emoji, paths: 'photos --max-bytes 5' }));
for (const name of ['path', 'formats', '--score-threshold', 'scoreTreshold', 'score_threshold', 'onprogress', 'json'])
  await isRefused('unknown ' + name, () => annotate({ ...emoji, paths: 'photos', [name]: 'coco' }));
await annotate({ ...emoji, paths: 'photos', out: 'drafts', format: 'csv' });
const run = await readRun('drafts');
const images = async (options) => { for await (const _ of run.images(options)) break; };
for (const value of [null, 7, 'coco', [], { signal: 7 }, { signal: null }, { scoreThreshold: '' }, { imagez: 1 }]) {
  await isRefused('images', () => images(value));
  await isRefused('export', () => run.export(value));
}
await isRefused('reviewed', () => images({ reviewed: 'no' }));
await isRefused('onNote', () => run.export({ onNote: 'note' }));
const detector = await openDetector(emoji);
const isImage = (value) => value instanceof Uint8Array || value instanceof URL;
for (const value of [...wrong.filter((value) => !isImage(value)), 'http://', new URL('file:///a%2Fb'),
  new URL('ftp://a.b/c'), new Blob(['x']), new DataView(new ArrayBuffer(8)), undefined])
  await isRefused('image', () => detector.detect(value));
for (const value of [null, 7, 'x', [], { signal: 7 }, { ontology: null }, { ontology: 7 }, { ontology: [] },
  { ontology: new ArrayBuffer(3) }, { ontology: 'a\\0b' }, { ontology: '' }, { ontology: { classes: [null] } },
  { scoreThreshold: null }, { maxDetections: [] }, { class: 'cup' }])
  await isRefused('detect', () => detector.detect('photos/scene-01.jpg', value));
await isRefused('empty', () => detector.detect(new Uint8Array(0)));
await detector.dispose();
console.log(JSON.stringify(refusals));
`;

it('names what a call was given in place of what it takes, whatever that is', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  await cp(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/scene-01.jpg'));
  const refusals = (await answerOf(CALLS, folder)) as Refusal[];
  const unnamed = refusals.filter(([, code, message]) => {
    return (
      code === null || !/^[A-Z_]+$/.test(code) || /cannot read prop|argument must be|ERR_|undefined/i.test(message)
    );
  });
  expect(unnamed).toEqual([]);
  const named = refusals.filter(([call]) => !/^(options|images|export|detect|empty|unknown .*)$/.test(call));
  expect(named.filter(([call, , message]) => !message.startsWith(call))).toEqual([]);
  const texts = refusals.map(([call, , message, hint]) => `${call}: ${message} ${hint}`);
  // By the calls themselves.
  const spelled = /^unknown --score-threshold: options: unknown key "--score-threshold"|photos --max-bytes 5/g;
  expect(texts.filter((text) => /--\w|\bcommand/i.test(text.replaceAll(spelled, '')))).toEqual([]);
  expect(texts).toEqual(
    expect.arrayContaining([
      expect.stringContaining('paths[1] must be a folder, a file, a glob or an address, as text, not a URL.'),
      expect.stringContaining('outDir must be the path of a folder, not an ArrayBuffer. For example readRun('),
      expect.stringContaining('image must be a path, a URL or a Uint8Array, not an ArrayBuffer. Give new Uint8Array('),
      expect.stringContaining('signal must be an AbortSignal, not 7.'),
      expect.stringMatching(/^unknown path: .*Did you mean "paths"\?$/),
      'unknown --score-threshold: options: unknown key "--score-threshold". Did you mean "scoreThreshold"?',
      expect.stringMatching(/^unknown score_threshold: .*"score_threshold"\. Did you mean "scoreThreshold"\?$/),
      'class: class has lists in lists, more than 10 deep. Does it contain itself?',
      expect.stringMatching(/^detect: .*photos --max-bytes 5/),
      expect.stringMatching(/^unknown onprogress: .*Did you mean "onProgress"\?$/),
    ]),
  );
});
