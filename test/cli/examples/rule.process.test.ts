import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JournalHeader } from '../../../src/run/header.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const EXAMPLE =
  'classes: [{ name: bottle, examples: [bottle.jpg, { image: bottle.jpg, box: [34, 130, 129, 186] }] }]\n';
const PROMPT = 'classes: [{ name: bottle, prompts: [a bottle] }]\n';

/** A folder with a scene to annotate, and a function that runs over it with a model. */
async function prepared(model: string, ontology: string) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/a.jpg'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'bottle.jpg'));
  await writeFile(join(folder, 'yard.yaml'), ontology);
  const args = ['run', 'photos', '--model', join(FIXTURES, 'models', model), '--ontology', 'yard.yaml', '--out', 'out'];
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  return {
    run: (...more: string[]) => preannotate([...args, ...more], { cwd: folder, env }),
    options: async () => {
      const [first] = (await readFile(join(folder, 'out/detections.jsonl'), 'utf8')).split('\n');
      return (JSON.parse(first!) as JournalHeader).options;
    },
    cached: () => readdir(join(folder, 'cache/preannotate/examples')),
  };
}

it('a run of OWLv2 with examples of version 0.1 is continued with --example-rule transformers only', async () => {
  const { run, options, cached } = await prepared('owlv2-tiny', EXAMPLE);
  expect(await run('--example-rule', 'transformers')).toMatchObject({ code: 0 });
  expect(await options()).not.toHaveProperty('example_rule'); // as version 0.1 wrote it
  const refused = await run();
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toMatch(/another job\. Difference: example_rule was "transformers"; now it is "auto"/);
  expect(refused.stderr).toContain('Add --example-rule transformers to finish it as it was begun');
  expect((await run('--fit', 'stretch')).stderr).toContain(
    'Add --fit letterbox, and add --example-rule transformers to finish it as it was begun',
  );
  expect(await run('--example-rule', 'transformers')).toMatchObject({ code: 0 });
  expect(await cached()).toHaveLength(2);
  expect(await run('--restart')).toMatchObject({ code: 0 });
  expect(await options()).toMatchObject({ example_rule: 'auto' });
  expect(await cached()).toHaveLength(4); // the queries of one rule are not used for the other
  expect(await run('--example-rule', 'transformers')).toMatchObject({ code: 2 });
});

it.each([
  ['OWL-ViT, whose rule is the one of transformers', 'owlvit-tiny', EXAMPLE],
  ['an ontology without examples', 'owlv2-tiny', PROMPT],
])('a run with %s continues under either rule', async (_, model, ontology) => {
  const { run, options } = await prepared(model, ontology);
  expect(await run()).toMatchObject({ code: 0 });
  expect(await options()).not.toHaveProperty('example_rule');
  expect(await run('--example-rule', 'transformers')).toMatchObject({ code: 0 });
});
