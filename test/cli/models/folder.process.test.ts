import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalled, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES, ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';
import { copyAsTorch } from '../../support/model/torch-checkpoint.js';

describe('models in a folder', () => {
  it.each(['owlvit-tiny', 'owlv2-tiny', 'owlvit-emoji'])(
    '%s annotates, and nothing is written into its folder',
    async (name) => {
      const folder = await temporaryFolder();
      const model = join(folder, 'model');
      await cp(join(FIXTURES, 'models', name), model, { recursive: true });
      const before = await readdir(model);
      const args = [
        'run',
        join(SCENES, 'scene-01.jpg'),
        '--model',
        model,
        '--class',
        'dog=a dog,puppy',
        '--class',
        'car',
      ];
      const { code, stderr } = await preannotate([
        ...args,
        '--out',
        join(folder, 'out'),
        '--score-floor',
        '0.001',
        '--score-threshold',
        '0.01',
      ]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const [image] = await journalled(join(folder, 'out'));
      expect(image!.detections.length).toBeGreaterThan(0);
      expect(await readdir(model)).toEqual(before);
    },
  );

  it('pytorch_model.bin gives what model.safetensors gives', async () => {
    const folder = await temporaryFolder();
    const shipped = join(FIXTURES, 'models/owlvit-tiny');
    const low = ['--score-floor', '0.001', '--score-threshold', '0.01'];
    const model = join(folder, 'model');
    await copyAsTorch(shipped, model, { shards: 2 });
    const run = async (reference: string, out: string) => {
      const args = ['run', join(SCENES, 'scene-01.jpg'), join(SCENES, 'scene-02.jpg'), '--model', reference];
      const { code, stderr } = await preannotate([...args, ...low, '--class', 'dog=a dog', '--out', join(folder, out)]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return journalled(join(folder, out));
    };
    const ours = await run(model, 'torch');
    expect(ours.flatMap(({ detections }) => detections).length).toBeGreaterThan(0);
    expect(ours).toEqual(await run(shipped, 'safetensors'));
  });

  it('another --image-size is rounded to whole patches, is printed, and changes what is found', async () => {
    const folder = await temporaryFolder();
    const run = async (out: string, ...more: string[]) => {
      const args = [
        'run',
        join(SCENES, 'scene-02.jpg'),
        '--model',
        'builtin:emoji',
        '--class',
        'bottle=a bottle',
        '--out',
        join(folder, out),
      ];
      const { code, stderr } = await preannotate([...args, ...more]);
      expect(code).toBe(0);
      return { stderr, journal: await journalled(join(folder, out)) };
    };
    const native = await run('native');
    const wide = await run('wide', '--image-size', '190,260');
    expect(wide.stderr).toMatch(/192 x 256/);
    expect(wide.journal).not.toEqual(native.journal);
    expect((await run('same', '--image-size', '192')).journal).toEqual(native.journal);
  });

  it('prompts of a known ontology are not encoded again: the second run reads them from the cache', async () => {
    const folder = await temporaryFolder();
    const env = { XDG_CACHE_HOME: join(folder, 'cache') };
    const args = [
      'run',
      join(SCENES, 'scene-02.jpg'),
      '--model',
      'builtin:emoji',
      '--class',
      'bottle=a bottle,glass bottle',
      '--out',
    ];
    expect((await preannotate([...args, join(folder, 'one')], { env })).code).toBe(0);
    const cached = await readdir(join(folder, 'cache/preannotate/embeddings'));
    expect(cached).toHaveLength(1);
    expect((await preannotate([...args, join(folder, 'two')], { env })).code).toBe(0);
    expect(await readFile(join(folder, 'one/coco/results.json'))).toEqual(
      await readFile(join(folder, 'two/coco/results.json')),
    );

    const file = join(folder, 'cache/preannotate/embeddings', cached[0]!);
    const damaged = await readFile(file);
    damaged[100]! ^= 1;
    await writeFile(file, damaged);
    expect((await preannotate([...args, join(folder, 'three')], { env })).code).toBe(0);
    expect(await readFile(join(folder, 'one/coco/results.json'))).toEqual(
      await readFile(join(folder, 'three/coco/results.json')),
    );
  });

  it('templates and ignored prompts of an ontology file take part', async () => {
    const folder = await temporaryFolder();
    const run = async (name: string, ontology: string) => {
      await writeFile(join(folder, `${name}.yaml`), ontology);
      const { code, stderr } = await preannotate([
        'run',
        join(SCENES, 'scene-02.jpg'),
        '--model',
        'builtin:emoji',
        '--ontology',
        join(folder, `${name}.yaml`),
        '--out',
        join(folder, name),
      ]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return (await journalled(join(folder, name)))[0]!.detections;
    };
    const plain = await run('plain', 'a bottle: bottle\na pizza: pizza\n');
    const ignoring = await run('ignoring', 'classes: [{name: bottle, prompts: [a bottle]}]\nignore: [a pizza]\n');
    const isPizza = (found: object) => (found as { class: string }).class === 'pizza';
    expect(plain.some(isPizza)).toBe(true);
    expect(ignoring.length).toBeGreaterThan(0);
    expect(ignoring.length).toBeLessThan(plain.length);
    const templated = await run(
      'templated',
      'templates: ["{}", "a photo of a {}"]\nclasses: [{name: bottle, prompts: [bottle]}]\n',
    );
    expect(templated.length).toBeGreaterThan(0);
    expect(templated).not.toEqual(plain.filter((found) => !isPizza(found)));
  });
});

describe('the package', () => {
  it('packs with its model and ontologies, and runs when it is installed elsewhere', async () => {
    const folder = await temporaryFolder();
    const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ filename, files }] = JSON.parse(packed.toString()) as [{ filename: string; files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'bin/preannotate.js',
        'dist/cli/main.js',
        'ontologies/emoji.yaml',
        'ontologies/ontology.schema.json',
        'fixtures/models/owlvit-emoji/model.safetensors',
      ]),
    );
    const samples = [7, 8, 9].map((number) => `fixtures/scenes/scene-0${number}.jpg`); // of `preannotate bench`
    expect(paths.filter((path) => /^(src|test|fixtures\/(scenes|golden))\//.test(path))).toEqual(samples);

    // Installed as npm would lay it out; its dependencies are those of this checkout.
    const installed = join(folder, 'project/node_modules/preannotate');
    await mkdir(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
    await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
    const out = join(folder, 'out');
    const args = [
      'run',
      SCENES,
      '--model',
      'builtin:emoji',
      '--ontology',
      join(installed, 'ontologies/emoji.yaml'),
      '--out',
      out,
      '--quiet',
    ];
    execFileSync(process.execPath, [join(installed, 'bin/preannotate.js'), ...args]);
    expect(await journalled(out)).toHaveLength(48);
  });
});
