import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RequestedForm } from '../src/core/inference/input-form.js';
import { planOnly } from '../src/dry-run.js';
import { prepare } from '../src/prepare.js';
import type { StoredOptions } from '../src/run/header.js';
import { OutputLock } from '../src/run/lock/output-lock.js';
import { readJournal } from '../src/run/read-journal.js';
import { SCENES } from './support/cli.js';
import { annotated, changedOntology, filesIn, jobOf, progress } from './support/job.js';
import { editHeader } from './support/old-runs.js';

describe('a dry run', () => {
  it('lists what is left, and makes no output folder', async () => {
    const job = await jobOf();
    expect(await planOnly(job, progress)).toMatchObject({ found: 2, finished: 0, fetches: false });
    expect(await filesIn(job.outDir)).not.toContain('out');
  });

  it('accepts another job in a folder where no image was annotated yet: the run begins a new journal', async () => {
    const job = await jobOf();
    await annotated(job, []);
    expect(await planOnly({ ...job, ontology: changedOntology }, progress)).toMatchObject({ finished: 0 });
  });

  it('accepts another job with restart, and leaves the journal as it is', async () => {
    const job = await jobOf();
    await annotated(job, ['another.jpg']);
    expect(await planOnly({ ...job, ontology: changedOntology, restart: true }, progress)).toMatchObject({
      finished: 0,
    });
    expect([...(await readJournal(job.outDir))!.entries.keys()]).toEqual(['another.jpg']);
  });

  it('does not download a model, and still compares the rest of the job', async () => {
    const job = await jobOf();
    await annotated(job, ['another.jpg']);
    const absent = { ...job, model: 'nobody/no-such-model' };
    await expect(planOnly({ ...absent, ontology: changedOntology }, progress)).rejects.toThrow(
      'prompts of class "dog"',
    );
    expect(await planOnly({ ...absent, restart: true }, progress)).toMatchObject({ fetches: true, notes: [] });
  });

  it.each<[what: string, earlier: Partial<StoredOptions>, form: Partial<RequestedForm>, refusal?: RegExp]>([
    ['the fit that the folder has', { fit: 'stretch' }, { fit: 'stretch' }],
    ['another fit', { fit: 'letterbox' }, { fit: 'stretch' }, /"letterbox"; now it is "stretch"/],
    ['grey', { fit: 'letterbox' }, { fit: 'grey' }, /"letterbox"; now it is "grey"/],
    ['letterbox, which is grey for some models', { fit: 'grey' }, { fit: 'letterbox' }],
    ['letterbox, which is black for the others', { fit: 'letterbox' }, { fit: 'letterbox' }],
    ['letterbox where images were stretched', { fit: 'stretch' }, { fit: 'letterbox' }, /"stretch"; now it is "letter/],
    ['the fit of a model that is not known', { fit: 'letterbox' }, { fit: 'auto' }],
    ['positions of a model that is not known', { positions: 'slice' }, { positions: 'auto' }],
    ['other positions', { positions: 'slice' }, { positions: 'interpolate' }, /"slice"; now it is "interpolate"/],
  ])('compares %s without the model', async (_what, earlier, form, refusal) => {
    const job = await jobOf();
    await annotated(job, ['scene-01.jpg']);
    await editHeader(job.outDir, (header) => ({ ...header, options: { ...header.options, ...earlier } }));
    const planned = planOnly({ ...job, model: 'nobody/no-such-model', form: { ...job.form, ...form } }, progress);
    if (refusal === undefined) expect(await planned).toMatchObject({ fetches: true });
    else {
      await expect(planned).rejects.toMatchObject({
        code: 'RESUME_MISMATCH',
        message: expect.stringMatching(refusal) as string,
      });
    }
  });

  it('compares the precision without the model', async () => {
    const job = await jobOf();
    await annotated(job, ['scene-01.jpg']);
    const absent = { ...job, model: 'nobody/no-such-model' };
    expect(await planOnly({ ...absent, precision: 'fp32' }, progress)).toMatchObject({ fetches: true });
    await expect(planOnly({ ...absent, precision: 'int8' }, progress)).rejects.toThrow(
      'precision was "fp32"; now it is "int8"',
    );
  });

  it('compares the rule for examples without the model', async () => {
    const job = await jobOf();
    await annotated(job, ['scene-01.jpg']);
    await editHeader(job.outDir, (header) => ({ ...header, options: { ...header.options, example_rule: 'auto' } }));
    const absent = { ...job, model: 'nobody/no-such-model' };
    expect(await planOnly(absent, progress)).toMatchObject({ fetches: true });
    const other = { ...absent, worker: { ...job.worker, exampleRule: 'transformers' as const } };
    await expect(planOnly(other, progress)).rejects.toThrow('example_rule was "auto"; now it is "transformers"');
  });

  it('finds the images that a run finds, which has made its own folder among them', async () => {
    const job = await jobOf({ formats: ['yolo'] });
    const among = { ...job, outDir: job.inputs[0]! };
    await mkdir(join(among.outDir, 'coco'));
    await copyFile(join(SCENES, 'scene-03.jpg'), join(among.outDir, 'coco/scene-03.jpg'));
    const { pending } = await planOnly(among, progress);
    expect(pending).toEqual(['coco/scene-03.jpg', 'scene-01.jpg', 'scene-02.jpg']);
    await using _lock = await OutputLock.take(among.outDir);
    const { plan } = await prepare(among, () => Promise.resolve(undefined));
    expect(plan.pending.map(({ name }) => name)).toEqual(pending);
  });
});
