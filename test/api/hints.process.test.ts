import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SCENES } from '../support/cli.js';
import { answerOf } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const CALLS = `
import { annotate, openDetector, readRun } from 'preannotate';
const told = {};
const tell = async (name, call) => {
  await call().then(() => (told[name] = 'nothing'), ({ message, hint }) => (told[name] = message + ' ' + hint));
};
const emoji = { model: 'builtin:emoji', ontology: 'emoji', paths: 'photos' };
const { failures } = await annotate({ ...emoji, out: 'drafts', maxErrors: 9, onNote: (note) => (told.notes += note) });
told.failure = failures[0].message + ' ' + failures[0].hint;
for await (const { message, hint } of (await readRun('drafts')).failures()) told.stored = message + ' ' + hint;
await tell('noOntology', () => annotate({ paths: 'photos', out: 'a' }));
await tell('otherJob', () => annotate({ ...emoji, out: 'drafts', scoreFloor: 0.01 }));
await tell('noRetry', () => annotate({ ...emoji, out: 'c', retryFailed: true }));
await tell('excluded', () => annotate({ ...emoji, out: 'd', exclude: '**' }));
await tell('int8', () => annotate({ ...emoji, out: 'd', precision: 'int8', device: 'cuda' }));
await tell('features', () => annotate({ ...emoji, out: 'd', featuresDtype: 'float32' }));
await tell('config', () => annotate({ ...emoji, out: 'd', limit: 'many' }));
await tell('noRun', () => readRun('photos'));
const run = await readRun('drafts');
await tell('floor', async () => { for await (const _ of run.images({ scoreThreshold: 0.01 })) break; });
await tell('links', () => run.export({ onlyReviewed: true }));
const detector = await openDetector({ model: 'builtin:emoji', ontology: 'emoji', maxBytes: 5000, maxPixels: 9000 });
await tell('private', () => detector.detect('http://127.0.0.1:9/a.jpg'));
await tell('bytes', () => detector.detect('photos/scene-01.jpg'));
await detector.dispose();
console.log(JSON.stringify(told));
`;

it('hints say what to do in the words of a program: no flags, no commands', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/scene-01.jpg'));
  await writeFile(join(folder, 'photos/empty.jpg'), 'no image');
  const told = (await answerOf(CALLS, folder)) as Record<string, string>;
  expect(Object.entries(told).filter(([, text]) => /--\w|\bcommand|^nothing$/i.test(text))).toEqual([]);
  expect(told).toMatchObject({
    noOntology: expect.stringContaining("ontology: '<file or name>'") as string,
    otherJob: expect.stringContaining('scoreFloor: 0.05') as string,
    noRetry: expect.stringContaining('without retryFailed') as string,
    noRun: expect.stringContaining('that `annotate()` has written') as string,
    floor: expect.stringContaining('`annotate({ restart: true, scoreFloor: 0.01 })`') as string,
    private: expect.stringContaining('Add allowPrivate: true') as string,
    bytes: expect.stringContaining('raise maxBytes') as string,
  });
});
