import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { readFile } from 'node:fs/promises';
import { ROOT } from '../support/model/golden.js';
import { answerOf, runProgram } from '../support/program.js';
import { startImageServer } from '../support/servers/image-server.js';
import { temporaryFolder } from '../support/temporary.js';

const OPEN = `
import { openDetector, PreannotateError } from 'preannotate';
const refusal = (error) => [error instanceof PreannotateError ? error.code : error.name, error.message];
const detector = await openDetector({ model: 'builtin:emoji', ontology: 'emoji' });
const scene = (number) => ${JSON.stringify(SCENES)} + '/scene-0' + number + '.jpg';
`;

interface Answer {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly { class: string; prompt: string; score: number; box: readonly number[] }[];
}

/** Rows of the CSV that the command line writes: class, score, corners and prompt of each box. */
async function boxesOfRun(names: readonly string[]): Promise<unknown[][]> {
  const out = join(await temporaryFolder(), 'out');
  const paths = names.map((name) => join(SCENES, name));
  const { code, stderr } = await preannotate(['run', ...paths, ...EMOJI, '--format', 'csv', '-o', out]);
  expect(code, stderr).toBe(0);
  const [, ...rows] = (await readFile(join(out, 'csv/boxes.csv'), 'utf8')).trim().split('\n');
  return rows
    .map((row) => row.split(',').slice(0, 10))
    .map(([image, , , name, , ...numbers]) => [image, name, ...numbers]);
}

it('finds to the digit what the command line finds, in files, bytes and URLs, many at once', async () => {
  const names = [1, 2, 3, 4, 5].map((number) => `scene-0${number}.jpg`);
  const answers = (await answerOf(`${OPEN}
    import { readFile } from 'node:fs/promises';
    const files = [1, 2, 3, 4, 5].map((number) => detector.detect(scene(number)));
    const others = [detector.detect(await readFile(scene(1))), detector.detect(new URL(${JSON.stringify(
      pathToFileURL(join(SCENES, 'scene-02.jpg')).href,
    )}))];
    console.log(JSON.stringify(await Promise.all([...files, ...others])));
    await detector.dispose();
  `)) as Answer[];
  const found = names.flatMap((name, i) =>
    answers[i]!.boxes.map(({ class: className, score, box }) => [name, className, ...[score, ...box].map(String)]),
  );
  const expected = await boxesOfRun(names);
  expect(expected.length).toBeGreaterThan(5);
  const sorted = (rows: unknown[][]) => rows.map((row) => row.slice(0, 7).join()).sort();
  expect(sorted(found)).toEqual(sorted(expected));
  expect(answers.slice(5)).toEqual(answers.slice(0, 2));
  expect(answers[0]).toMatchObject({ width: 320, height: 240 });
});

it('takes an ontology and thresholds with a call, and says by name what is wrong with them', async () => {
  const [few, own, ...refused] = (await answerOf(`${OPEN}
    const few = await detector.detect(scene(2), { scoreThreshold: 0.7 });
    const ontology = { classes: [{ name: 'snack', prompts: ['a photo of a pizza'] }] };
    const own = await detector.detect(scene(2), { ontology, scoreThreshold: 0.5 });
    const refused = [];
    const options = [{ scoreThreshold: 2 }, { scoreThreshld: 0.2 }, { scoreThreshold: 0.01 }, { maxDetections: 301 },
      { ontology: { classes: [{ name: 'cup', promts: ['a cup'] }] } }];
    for (const each of options) await detector.detect(scene(2), each).catch((error) => refused.push(refusal(error)));
    for (const image of ['absent.jpg', Buffer.from('no image'), new URL('http://127.0.0.1:9/a.jpg')])
      await detector.detect(image).catch((error) => refused.push(refusal(error)));
    console.log(JSON.stringify([few, own, ...refused]));
    await detector.dispose();
  `)) as [Answer, Answer, ...[code: string, message: string][]];
  expect(few.boxes.length).toBeGreaterThan(0);
  expect(few.boxes.every(({ score }) => score > 0.7)).toBe(true);
  expect(own.boxes.map((box) => [box.class, box.prompt])).toEqual([['snack', 'a photo of a pizza']]);
  expect(refused.map(([code]) => code)).toEqual([
    ...Array.from({ length: 4 }, () => 'CONFIG_INVALID'),
    'ONTOLOGY_INVALID',
    ...['IMAGE_UNREADABLE', 'IMAGE_UNSUPPORTED', 'URL_REFUSED'],
  ]);
  const messages = refused.map(([, message]) => message);
  expect(messages[0]).toBe('scoreThreshold must be at most 1, not 2.');
  expect(messages[1]).toBe('options: unknown key "scoreThreshld".');
  expect(messages[2]).toContain('scoreFloor of 0.05');
  expect(messages[3]).toContain('keeps 300 boxes');
  expect(messages[4]).toContain('ontology.classes[0].promts');
  expect(messages[5]).toContain('absent.jpg');
});

it('fetches an image from a private address where that is allowed', async () => {
  using server = await startImageServer();
  const [remote, local] = (await answerOf(`
    import { openDetector } from 'preannotate';
    const detector = await openDetector({ model: 'builtin:emoji', ontology: 'emoji', allowPrivate: true });
    const images = [new URL('${server.origin}/scene-01.jpg'), ${JSON.stringify(join(SCENES, 'scene-01.jpg'))}];
    console.log(JSON.stringify(await Promise.all(images.map((image) => detector.detect(image)))));
    await detector.dispose();
  `)) as Answer[];
  expect(remote).toEqual(local);
  expect(server.requests.get('/scene-01.jpg')).toBe(1);
});

it('stops with a signal or when it is disposed of, and keeps no program alive', async () => {
  const outcome = await answerOf(`${OPEN}
    const stop = new AbortController();
    const stopped = detector.detect(scene(7), { signal: stop.signal }).catch(refusal);
    stop.abort(new Error('changed my mind'));
    const before = await openDetector({ model: 'builtin:emoji', signal: AbortSignal.abort() }).catch(refusal);
    const answer = await detector.detect(scene(1)); // others are not affected
    const late = detector.detect(scene(7)).catch(refusal);
    const other = await openDetector({ model: 'builtin:emoji', ontology: 'emoji' }); // is not disposed of
    const last = detector.detect(scene(7)).catch(refusal);
    await detector.dispose();
    await detector.dispose();
    const after = [];
    for (const image of [scene(1), 'absent.jpg', Buffer.from('bytes'), new URL('http://127.0.0.1:9/a.jpg')])
      after.push(await detector.detect(image).catch(({ code, message, hint }) => [code, message, hint]));
    const refused = [];
    for (const image of [7, undefined, new URL('ftp://example.org/a.jpg'), 'http://127.0.0.1:9/a.jpg'])
      refused.push((await other.detect(image).catch(refusal))[0]);
    await other.detect(scene(1));
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));
    const boxes = answer.boxes.length > 0;
    const ended = await Promise.all([stopped, last]);
    console.log(JSON.stringify({ ended, before, boxes, after, refused, signals }));
    await late;
  `);
  const closed = ['STOPPED', 'The detector was disposed of.'];
  expect(outcome).toEqual({
    ended: [['Error', 'changed my mind'], closed],
    before: ['AbortError', 'This operation was aborted'],
    boxes: true,
    after: Array.from({ length: 4 }, () => [...closed, 'Open another one.']),
    refused: ['USAGE', 'USAGE', 'USAGE', 'URL_REFUSED'],
    signals: [0, 0, 0],
  });
});

it('costs little to import, and changes nothing about the process', async () => {
  const text = `
    const state = () => JSON.stringify([process.env, process.eventNames(), process.execArgv, process.exitCode,
      Object.keys(globalThis), process.listenerCount('uncaughtException')]);
    const [before, memory] = [state(), process.memoryUsage().heapUsed];
    const library = await import('preannotate');
    console.log(JSON.stringify({ names: Object.keys(library).sort(), isSame: state() === before,
      bytes: process.memoryUsage().heapUsed - memory }));
  `;
  const costs = [await answerOf(text), await answerOf(text), await answerOf(text)] as {
    names: string[];
    isSame: boolean;
    bytes: number;
  }[];
  expect(costs[0]).toMatchObject({
    names: ['PreannotateError', 'annotate', 'openDetector', 'readRun'],
    isSame: true,
  });
  expect(Math.min(...costs.map(({ bytes }) => bytes))).toBeLessThan(2e6);
});

it('says what is wrong with the model, and prints nothing', async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { openDetector } from 'preannotate';
    await openDetector({ model: ${JSON.stringify(join(ROOT, 'fixtures/scenes'))} }).catch((error) => {
      process.exitCode = error.code.startsWith('MODEL_') ? 7 : 8;
    });
  `);
  expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: '', stderr: '' });
});
