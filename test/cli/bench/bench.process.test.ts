import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Printed {
  readonly measured: { precision: string; threads: number; images_per_second: number }[];
  readonly skipped: { reason: string }[];
  readonly best: { precision: string; workers_per_device: number; threads: number; max_batch_size: number }[];
  readonly config: string[];
}

it('bench measures settings, prints config lines, and a run uses what was measured until it is forgotten', async () => {
  const cwd = await temporaryFolder();
  const env = { XDG_CACHE_HOME: cwd };
  const start = performance.now();
  const measured = await preannotate(['bench', '--model', 'builtin:emoji', '--budget', '20s', '--json'], { cwd, env });
  expect(measured.code, measured.stderr).toBe(0);
  expect(performance.now() - start).toBeLessThan(80_000);
  const printed = JSON.parse(measured.stdout) as Printed;
  expect(printed.measured[0]).toMatchObject({ precision: 'fp32' });
  expect(printed.measured.every(({ images_per_second: rate }) => rate > 0)).toBe(true);
  expect(printed.skipped.every(({ reason }) => /^int8 computes one image|^there was no time/.test(reason))).toBe(true);
  const best = printed.best.find(({ precision }) => precision === 'fp32')!;
  expect(printed.config[0]).toContain(`workers_per_device: ${best.workers_per_device}\nthreads: ${best.threads}\n`);

  await writeFile(join(cwd, 'preannotate.yaml'), printed.config[0]!);
  const run = ['run', SCENES, ...EMOJI, '-o', join(cwd, 'out')];
  const configured = await preannotate([...run, '--dry-run'], { cwd, env });
  expect(configured.code, configured.stderr).toBe(0);

  await writeFile(join(cwd, 'preannotate.yaml'), '');
  const auto = await preannotate([...run, '--limit', '40'], { cwd, env });
  expect(auto.stderr).toContain('fastest in `preannotate bench` on ');

  expect((await preannotate(['bench', '--forget'], { cwd, env })).code).toBe(0);
  expect(await readdir(join(cwd, 'preannotate'))).not.toContain('measured');
  const after = await preannotate(run, { cwd, env });
  expect(after.stderr).not.toContain('preannotate bench');
});

it('bench reports images that cannot be read, and what keeps all settings from being measured', async () => {
  const cwd = await temporaryFolder();
  const env = { XDG_CACHE_HOME: cwd };
  const bench = (...args: string[]) => preannotate(['bench', '--model', 'builtin:emoji', ...args], { cwd, env });
  await writeFile(join(cwd, 'broken.jpg'), 'no image');
  const broken = await bench('broken.jpg');
  expect(broken.code).toBe(3);
  expect(broken.stderr).toContain('broken.jpg');

  const short = await bench('--budget', '1s');
  expect(short.code).toBe(2);
  expect(short.stderr).toMatch(/Nothing could be measured within 1 s.*there was no time left/);
});
