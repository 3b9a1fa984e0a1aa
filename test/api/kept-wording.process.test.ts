import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SCENES } from '../support/cli.js';
import { answerOf } from '../support/program.js';
import { ONTOLOGY, untilKept } from '../support/review/asked-run.js';
import { ReviewCommand } from '../support/review/review-command.js';
import { temporaryFolder } from '../support/temporary.js';

const CUP = { question: { prompts: ['a photo of a cup'] }, class: 'cup' };

/** A run that a program made in its working folder, where a config file is that does not count for programs. */
async function annotateByProgram(options: object): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ['scene-01.jpg', 'scene-02.jpg']) await cp(join(SCENES, name), join(folder, 'images', name));
  await writeFile(join(folder, 'table.yaml'), ONTOLOGY);
  await writeFile(join(folder, 'preannotate.yaml'), 'score_floor: 0.3\nformat: voc\n');
  const { length } = (await answerOf(
    `import { annotate, readRun } from 'preannotate';
    await annotate({ paths: 'images', model: 'builtin:emoji', features: 'features', out: 'out', format: ['csv'],
      device: ['cpu'], watch: false, imageSize: [768, 768], ...${JSON.stringify(options)} });
    const { classes } = await readRun('out');
    console.log(JSON.stringify(classes));`,
    folder,
  )) as unknown[];
  expect(length).toBe(1);
  return folder;
}

it('what a person keeps in the review of a run that a program made is in the run and its ontology', async () => {
  const folder = await annotateByProgram({ ontology: 'table.yaml' });
  const out = join(folder, 'out');
  await using review = await ReviewCommand.start(out);
  const answer = await review.post('/api/ask/keep', CUP);
  expect(answer.status, await answer.clone().text()).toBeLessThan(300);
  expect(await untilKept(review)).toMatchObject({ is: 'done', canTakeBack: true });
  expect(await readFile(join(folder, 'table.yaml'), 'utf8')).toContain('name: cup');
  const { classes, formats, scoreFloor } = (await answerOf(
    `import { readRun } from 'preannotate';
    const { classes, formats, scoreFloor } = await readRun('out');
    console.log(JSON.stringify({ classes: classes.map(({ name }) => name), formats, scoreFloor }));`,
    folder,
  )) as { classes: string[]; formats: string[]; scoreFloor: number };
  expect({ classes, formats, scoreFloor }).toEqual({ classes: ['bottle', 'cup'], formats: ['csv'], scoreFloor: 0.05 });
});

it('a run whose ontology a program gave as an object says that it is in no file that could be changed', async () => {
  const ontology = { classes: [{ name: 'bottle', prompts: ['a photo of a bottle'] }] };
  const folder = await annotateByProgram({ ontology });
  await using review = await ReviewCommand.start(join(folder, 'out'));
  const answer = (await (await review.post('/api/ask/keep', CUP)).json()) as { command: string };
  const reason = 'The ontology of this run was given by the program that made it.';
  expect(answer).toMatchObject({ is: 'manual', reason, yaml: expect.stringContaining('name: cup') as string });
  expect(answer.command).toMatch(
    /preannotate run images .*--format csv --device cpu --image-size 768,768 .*--ontology /,
  );
});
