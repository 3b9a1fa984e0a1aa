import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, SCENES } from '../../support/cli.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

const MODEL = ['--model', 'builtin:emoji'];
const REVERSED = 'bottle: a photo of a bottle\n';
const NOTE =
  'yard.yaml:1:1: "bottle: a photo of a bottle" makes a class "a photo of a bottle", found by the prompt "bottle"';

describe('the ontology of a run', () => {
  it('is announced first, and what looks reversed is noted; --quiet says neither', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'yard.yaml'), REVERSED);
    const args = ['run', join(SCENES, 'scene-01.jpg'), ...MODEL, '--ontology', 'yard.yaml', '--out', 'out'];
    const dry = await preannotate([...args, '--dry-run'], { cwd });
    expect(dry.stdout).toContain(`1 class: a photo of a bottle.\n${NOTE}`);
    const { code, stderr } = await preannotate(args, { cwd });
    expect({ code, lines: stderr.split('\n').slice(0, 2) }).toEqual({
      code: 0,
      lines: ['1 class: a photo of a bottle.', expect.stringContaining(NOTE) as string],
    });
    expect((await preannotate([...args, '--restart', '--quiet'], { cwd })).stderr).toBe('');
  });

  it('is found by name outside a clone, and an unknown name lists those that there are', async () => {
    const cwd = await temporaryFolder();
    const args = ['run', SCENES, ...MODEL, '--dry-run', '--ontology'];
    const { code, stdout } = await preannotate([...args, 'emoji'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('87 classes') as string });
    const unknown = await preannotate([...args, 'emojis'], { cwd });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/emojis: there is no such file\.\n.*: bottles, coco, emoji\.\n/);
  });

  it('is logged by a server that starts', async () => {
    const file = join(await temporaryFolder(), 'yard.yaml');
    await writeFile(file, REVERSED);
    await using server = await TestServer.ready({ args: ['--ontology', file] });
    const lines = server.running.stderr
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      expect.objectContaining({ level: 30, msg: '1 class: a photo of a bottle.' }),
      expect.objectContaining({ level: 40, msg: expect.stringContaining(NOTE) as string }),
    ]);
  });
});
