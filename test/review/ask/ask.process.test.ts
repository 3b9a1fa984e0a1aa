import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, describe, it } from 'vitest';
import type { AskState, KeepState } from '../../../src/core/gallery/ask.js';
import { decodePack } from '../../../src/core/gallery/pack.js';
import type { Decision } from '../../../src/core/review/decision.js';
import { preannotate } from '../../support/cli.js';
import { annotateToAsk, ONTOLOGY, refusalOf, untilKept } from '../../support/review/asked-run.js';
import { recordsOf } from '../../support/review/records.js';
import { ReviewCommand } from '../../support/review/review-command.js';

const KEPT_FILE = '.preannotate/kept-result.json';
const WHAT = 'the class “cup” with the prompt “a photo of a cup”';
const KEPT = { is: 'done', class: 'cup', what: WHAT, isBack: false, canTakeBack: true };
const CUP = { prompts: ['a photo of a cup'] };

async function stateOf(review: ReviewCommand): Promise<AskState> {
  return (await review.json<{ ask: AskState }>('/api/state')).ask;
}

describe('a run with features, reviewed', () => {
  it('answers questions, and says what is wrong with others', async () => {
    const { out, ontology } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    expect(await stateOf(review)).toEqual({ isReady: true, images: 4, ontology: { name: ontology, form: 'full' } });
    const answer = await review.post('/api/ask', CUP);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('server-timing')).toMatch(/^ask;dur=[\d.]+$/);
    const { facts, boxes } = decodePack(new Uint8Array(await answer.arrayBuffer()));
    expect(facts.classes.map(({ name }) => name)).toEqual(CUP.prompts);
    expect(facts.images.names).toEqual(['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg']);
    expect(boxes.scores.length).toBeGreaterThan(0);
    const wrong: [unknown, RegExp][] = [
      [{ prompts: [] }, /^422 Write what to look for\.$/],
      [
        { prompts: Array.from({ length: 21 }, (_, i) => `thing ${i}`) },
        /^422 At most 20 prompts can be asked at once\.$/,
      ],
      [{ prompts: ['so '.repeat(30)] }, /^422 "so .* is 62 tokens long, the model reads 16: .* Shorten the prompts\.$/],
      [{ prompts: ['<b>'.repeat(100)] }, /^422 A prompt has at most 200 characters\.$/],
      [{ prompts: [' '] }, /^422 A prompt is empty\. Write what to look for, or remove the line\.$/],
      [
        { prompts: ['cup', '***'] },
        /^422 The prompt "\*\*\*" has no letter and no digit\. The model reads nothing else/,
      ],
      [{ like: { image: 99, box: [0, 0, 9, 9] } }, /^400 The run has no image with the number 99/],
      [{ like: { image: 1, box: [0, 0, 0, 9] } }, /^422 The box leaves less than a pixel/],
      [{ like: { image: 1, box: [0, 0, 9] } }, /^422 The request is not valid: like\.box/],
    ];
    for (const [question, message] of wrong) {
      expect(await refusalOf(await review.post('/api/ask', question))).toMatch(message);
    }
    const keep = { question: { prompts: ['so '.repeat(30)] }, class: 'so' };
    expect(await refusalOf(await review.post('/api/ask/keep', keep))).toMatch(/^422 "so .* is 62 tokens long/);
    const noName = await refusalOf(await review.post('/api/ask/keep', { question: CUP, class: ' ' }));
    expect(noName).toBe('422 The class has no name.');
    const given = new AbortController();
    const first = review.post('/api/ask', CUP, given.signal);
    given.abort();
    await expect(first).rejects.toThrow();
    expect((await review.post('/api/ask', CUP)).status).toBe(200);
  });

  it('counts prompts once that are repeated, or the same to the model', async () => {
    const { out } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    const prompts = [...Array<string>(30).fill('a cup'), 'A  cup', 'a cup.', 'a jar'];
    const answer = await review.post('/api/ask', { prompts });
    const { facts } = decodePack(new Uint8Array(await answer.arrayBuffer()));
    expect(facts.classes.map(({ name }) => name)).toEqual(['a cup', 'a jar']);
  });

  it('keeps a wording as a class: in the ontology and in the run, with what was reviewed', async () => {
    const { out, ontology, command } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    const answer = decodePack(new Uint8Array(await (await review.post('/api/ask', CUP)).arrayBuffer()));
    const state = { op: 'state', state: 'accepted' };
    expect((await review.post('/api/decisions', { image: 2, changes: [state] })).status).toBe(200);
    const kept = await review.post('/api/ask/keep', { question: CUP, class: 'cup', threshold: 0.2 });
    expect(kept.status).toBe(202);
    const ended = await untilKept(review);
    expect(ended).toMatchObject({ is: 'done', class: 'cup', file: ontology });
    expect(await readFile(ontology, 'utf8')).toBe(
      `${ONTOLOGY}  - name: cup\n    prompts: [a photo of a cup]\n    threshold: 0.2\n`,
    );
    expect(await readFile(`${ontology}.bak`, 'utf8')).toBe(ONTOLOGY);
    const cups = (await recordsOf(out)).flatMap(({ detections }) => detections.filter((one) => one.class === 'cup'));
    expect(cups).toHaveLength(answer.boxes.scores.length);
    const decisions = await review.json<Decision[]>('/api/decisions');
    expect(decisions).toMatchObject([{ image: 'scene-02.jpg', state: 'accepted' }]);
    const { facts } = decodePack(new Uint8Array(await (await review.get('/api/pack')).arrayBuffer()));
    expect(facts.classes).toEqual([
      { name: 'bottle', threshold: 0.1 },
      { name: 'cup', threshold: 0.2 },
    ]);
    const again = await review.post('/api/ask/keep', { question: CUP, class: 'bottle' });
    expect(await refusalOf(again)).toMatch(/^422 .* is already one of class "bottle"/);
    await review[Symbol.asyncDispose]();
    expect(await preannotate(command)).toMatchObject({ code: 0, stderr: '' }); // nothing is left to do
  });

  it('keeps what a box shows as an example of a class', async () => {
    const { out, ontology } = await annotateToAsk();
    const [best] = (await recordsOf(out)).flatMap(({ detections }) => detections.map(({ box }) => box));
    const question = { like: { image: 1, box: best } };
    await using review = await ReviewCommand.start(out);
    expect((await review.post('/api/ask', question)).status).toBe(200);
    expect((await review.post('/api/ask/keep', { question, class: 'like it', threshold: 0.8 })).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    const example = `examples: [{ image: images/scene-01.jpg, box: [${best!.join(', ')}] }]`;
    expect((await readFile(ontology, 'utf8')).replaceAll('"', '')).toContain(example);
    const prompts = new Set((await recordsOf(out)).flatMap(({ detections }) => detections.map(({ prompt }) => prompt)));
    expect([...prompts].some((prompt) => prompt.startsWith('example: images/scene-01.jpg'))).toBe(true);
  });

  it('gives a class the threshold of what is added', async () => {
    const { out, ontology } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    expect((await review.post('/api/ask/keep', { question: CUP, class: 'bottle', threshold: 0.6 })).status).toBe(202);
    const what = 'the prompt “a photo of a cup” and the threshold 0.6 for the class “bottle”';
    expect(await untilKept(review)).toMatchObject({ is: 'done', what });
    const text = await readFile(ontology, 'utf8');
    expect(text).toContain('- name: bottle   # of glass\n    threshold: 0.6\n');
    expect(text).toContain('prompts: [a photo of a bottle, a photo of a cup]');
    const { facts } = decodePack(new Uint8Array(await (await review.get('/api/pack')).arrayBuffer()));
    expect(facts.classes).toEqual([{ name: 'bottle', threshold: 0.6 }]);
  });

  it('takes back what was kept last, in the ontology, beside it and in the run, by the next review too', async () => {
    const { out, ontology } = await annotateToAsk();
    const before = await recordsOf(out);
    await writeFile(`${ontology}.bak`, 'of someone else');
    const first = await ReviewCommand.start(out);
    const nothing = await refusalOf(await first.post('/api/ask/take-back', {}));
    expect(nothing).toBe('400 There is nothing that could be taken back.');
    await first.post('/api/ask/keep', { question: CUP, class: 'cup' });
    expect(await untilKept(first)).toMatchObject({ is: 'done', isBack: false, canTakeBack: true });
    const kept = await readFile(ontology, 'utf8');
    await first[Symbol.asyncDispose]();
    await using review = await ReviewCommand.start(out);
    expect(await untilKept(review)).toEqual({ ...KEPT, file: ontology });
    await writeFile(ontology, `${kept}# mine\n`);
    const refusal = await refusalOf(await review.post('/api/ask/take-back', {}));
    expect(refusal).toMatch(/^400 .*table.yaml was changed since, and is left as it is\.$/);
    await writeFile(ontology, kept);
    expect((await review.post('/api/ask/take-back', {})).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done', what: WHAT, isBack: true, canTakeBack: false });
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    expect(await readFile(`${ontology}.bak`, 'utf8')).toBe('of someone else');
    expect((await recordsOf(out)).map(({ detections }) => detections)).toEqual(
      before.map(({ detections }) => detections),
    );
    await expect(stat(join(out, KEPT_FILE))).rejects.toThrow('ENOENT');
  });

  it('forgets what was kept, once it was dismissed, the ontology changed or the run annotated again', async () => {
    const { out, ontology, command } = await annotateToAsk();
    {
      await using review = await ReviewCommand.start(out);
      await review.post('/api/ask/keep', { question: CUP, class: 'cup' });
      expect(await untilKept(review)).toMatchObject({ is: 'done' });
    }
    const [kept, stored] = [await readFile(ontology, 'utf8'), await readFile(join(out, KEPT_FILE))];
    expect((await stat(join(out, KEPT_FILE))).mode & 0o777).toBe(0o600);
    const stateOfNext = async () => {
      await using review = await ReviewCommand.start(out);
      return await review.json<KeepState>('/api/ask/keep');
    };
    await writeFile(ontology, `${kept}# mine\n`);
    expect(await stateOfNext()).toEqual({ is: 'idle' });
    await expect(stat(join(out, KEPT_FILE))).rejects.toThrow('ENOENT');

    await writeFile(ontology, kept);
    await writeFile(join(out, KEPT_FILE), stored);
    {
      await using review = await ReviewCommand.start(out);
      expect(await review.json('/api/ask/keep')).toMatchObject({ is: 'done', canTakeBack: true });
      expect(await (await review.post('/api/ask/dismiss', {})).json()).toEqual({ is: 'idle' });
      expect(await refusalOf(await review.post('/api/ask/take-back', {}))).toMatch(/^400 There is nothing/);
    }
    expect(await stateOfNext()).toEqual({ is: 'idle' });

    await writeFile(join(out, KEPT_FILE), stored);
    expect(await stateOfNext()).toMatchObject({ is: 'done', canTakeBack: true });
    expect(await preannotate([...command, '--restart'])).toMatchObject({ code: 0 });
    expect(await stateOfNext()).toEqual({ is: 'idle' });
    await expect(stat(join(out, KEPT_FILE))).rejects.toThrow('ENOENT');
  });

  it('leaves a file alone that was changed since the run, and says how to go on', async () => {
    const { out, ontology } = await annotateToAsk();
    const changed = ONTOLOGY.replace('a photo of a bottle', 'bottle');
    await writeFile(ontology, changed);
    await using review = await ReviewCommand.start(out);
    const refusal = await refusalOf(await review.post('/api/ask/keep', { question: CUP, class: 'cup' }));
    expect(refusal).toMatch(/^400 .*table.yaml was changed since the run.*preannotate run .* --restart/);
    expect(await readFile(ontology, 'utf8')).toBe(changed);
  });

  it('takes the ontology back where the run cannot be brought up to date', async () => {
    const { out, ontology, folder } = await annotateToAsk();
    await rm(join(folder, 'images'), { recursive: true });
    await using review = await ReviewCommand.start(out);
    expect((await review.post('/api/ask', CUP)).status).toBe(200); // no image is needed
    expect((await review.post('/api/ask/keep', { question: CUP, class: 'cup' })).status).toBe(202);
    const ended = await untilKept(review);
    expect(ended).toMatchObject({ is: 'failed', class: 'cup' });
    expect(JSON.stringify(ended)).toContain('The ontology is as it was.');
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    await expect(readFile(`${ontology}.bak`)).rejects.toThrow('ENOENT');
    expect((await review.post('/api/ask', CUP)).status).toBe(200);
  });

  it('can be continued by its command when it is killed while it is brought up to date', async () => {
    const { out, ontology, command } = await annotateToAsk();
    const review = await ReviewCommand.start(out);
    await review.post('/api/ask/keep', { question: CUP, class: 'cup' });
    review.running.child.kill('SIGKILL');
    await review.running.finished();
    expect(await readFile(ontology, 'utf8')).toContain('name: cup');
    const first = await preannotate(command);
    if (first.code !== 0) expect((await preannotate([...command, '--restart'])).code).toBe(0);
    const found = new Set((await recordsOf(out)).flatMap(({ detections }) => detections.map((one) => one.class)));
    expect([...found].sort()).toEqual(['bottle', 'cup']);
  });
});

describe('a run that cannot be asked, or not be changed', () => {
  it('says what storing features takes, and the command', async () => {
    const { out, folder } = await annotateToAsk(() => ['--class', 'cat']);
    await using review = await ReviewCommand.start(out);
    const state = await stateOf(review);
    expect(state).toMatchObject({
      isReady: false,
      cost: expect.stringMatching(/4 images take [\d.]+ [kM]B/) as string,
    });
    const { command } = state as { command: string };
    expect(command).toContain(`preannotate run ${join(folder, 'images')}`);
    expect(command).toContain('--features features');
    const refusal = await refusalOf(await review.post('/api/ask', CUP));
    expect(refusal).toMatch(/^400 The model can be asked about all images at once where/);
  });

  it('prints the ontology of flags, with the command that uses it', async () => {
    const { out } = await annotateToAsk((folder) => ['--class', 'cat', '--features', join(folder, 'features')]);
    await using review = await ReviewCommand.start(out);
    const answer = await review.post('/api/ask/keep', { question: CUP, class: 'cup' });
    expect(answer.status).toBe(200);
    const state = (await answer.json()) as Extract<KeepState, { is: 'manual' }>;
    expect(state).toMatchObject({ is: 'manual', reason: expect.stringContaining('--class') as string });
    expect(state.yaml).toContain('name: cup');
    expect(state.command).toMatch(/--ontology ontology\.yaml .*--restart/);
    expect(state.command).not.toContain('--class');
  });
});
