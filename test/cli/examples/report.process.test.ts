import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeenExample } from '../../../src/core/seen-example.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { overlap } from '../../support/evaluation/boxes.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

const BOX = [34, 130, 129, 186] as const;
const LOOSE = [0, 0, 320, 240] as const; // all of scene-01.jpg
const ONTOLOGY = `classes:
  - name: bottle
    examples: [{ image: bottle.jpg, box: [${BOX.join(', ')}] }]
ignore:
  - { image: bottle.jpg, box: [${LOOSE.join(', ')}] }
  - { image: other.jpg }
`;

/** A folder with a scene to annotate and its examples, and a function that runs over it. */
async function prepared() {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/a.jpg'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'bottle.jpg'));
  await copyFile(join(SCENES, 'scene-03.jpg'), join(folder, 'other.jpg'));
  await writeFile(join(folder, 'yard.yaml'), ONTOLOGY);
  const args = ['run', 'photos', '--model', 'builtin:emoji', '--ontology', 'yard.yaml', '--out', 'out'];
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  return {
    folder,
    run: (...more: string[]) => preannotate([...args, ...more], { cwd: folder, env }),
    manifest: async () =>
      JSON.parse(await readFile(join(folder, 'out/run.json'), 'utf8')) as { examples?: readonly SeenExample[] },
  };
}

describe('where the model sees the object of an example', () => {
  it('is printed, a line each, and written to run.json', async () => {
    const { run, manifest } = await prepared();
    const { code, stderr } = await run();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { examples } = await manifest();
    expect(examples).toMatchObject([
      { example: 'example: bottle.jpg [34, 130, 129, 186]', class: 'bottle' },
      { example: 'example: bottle.jpg [0, 0, 320, 240]' },
      { example: 'example: other.jpg' },
    ]);
    const [bottle, loose] = examples!;
    expect(bottle!.iou).toBeGreaterThan(0.7);
    expect(overlap(bottle!.box, BOX)).toBeCloseTo(bottle!.iou, 2);
    expect(loose!.iou).toBeLessThan(0.5);
    expect(overlap(loose!.box, LOOSE)).toBeCloseTo(loose!.iou, 2);
    for (const { example, box, iou } of examples!)
      expect(stderr).toContain(`${example}: the model's box is [${box.join(', ')}], IoU ${iou.toFixed(2)}`);
    expect(stderr).toMatch(/\[34, 130, 129, 186\]: the model's box is .*, IoU 0\.\d\d\.$/m);
  });

  it('is a warning where the boxes differ much, with advice and the place in the ontology', async () => {
    const { run } = await prepared();
    const { stderr } = await run();
    const [marked, loose, whole] = stderr.split('\n').filter((line) => line.includes("the model's box is"));
    expect(marked).toMatch(/^example: bottle\.jpg \[34, 130, 129, 186\]: /);
    expect(loose).toMatch(/^Warning: example: bottle\.jpg \[0, 0, 320, 240\]: .* IoU 0\.[0-4]\d\. It may stand for /);
    expect(loose).toContain(' (yard.yaml:5:5): draw the box closely around one');
    expect(whole).toMatch(/^Warning: example: other\.jpg: .* IoU 0\.[0-4]\d with the whole image\. /);
    expect(whole).toContain(' (yard.yaml:6:5): draw a box around the object');
  });

  it('is logged by a server, as a warning where the boxes differ much', async () => {
    const { folder } = await prepared();
    await using server = await TestServer.ready({ args: ['--ontology', join(folder, 'yard.yaml')] });
    const lines = server.running.stderr.trim().split('\n');
    const logged = lines.map((line) => JSON.parse(line) as { level: number; msg: string });
    const reports = logged.filter(({ msg }) => msg.startsWith('example: '));
    expect(reports.map(({ level, msg }) => [msg.split(': the ')[0], level])).toEqual([
      ['example: bottle.jpg [34, 130, 129, 186]', 30],
      ['example: bottle.jpg [0, 0, 320, 240]', 40],
      ['example: other.jpg', 40],
    ]);
  });

  it('is the same when the query comes from the cache, and stays in run.json when nothing is left to do', async () => {
    const { run, manifest } = await prepared();
    const first = await run();
    const { examples } = await manifest();
    const lines = (stderr: string) => stderr.split('\n').filter((line) => /^(?:Warning: )?example: /.test(line));
    const again = await run('--restart', '--json');
    expect(lines(again.stderr)).toEqual(lines(first.stderr));
    expect(lines(again.stderr)).toHaveLength(3);
    expect(JSON.parse(again.stdout)).toMatchObject({ examples });
    const resumed = await run('--json');
    expect(lines(resumed.stderr)).toEqual([]); // no model is opened
    expect(JSON.parse(resumed.stdout)).toMatchObject({ examples, counts: { resumed: 1 } });
  });

  it('is not in run.json where there are no examples', async () => {
    const { folder, run, manifest } = await prepared();
    await writeFile(join(folder, 'yard.yaml'), 'classes: [bottle]\n');
    expect(await run()).toMatchObject({ code: 0 });
    expect(await manifest()).not.toHaveProperty('examples');
  });
});
