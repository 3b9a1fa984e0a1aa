import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, Running, untilJournalled, viewsOf } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { canUnsharePids, IN_PID_NAMESPACE } from '../../support/system/pid-namespace.js';

const SLOW = { NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/faults/slow.mjs')).href}`, SLOW_MS: '100' };

let folder: string;
let total: number;
let expected: Record<string, string>; // views of a run that nothing happened to
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-lock-'));
  total = await manyScenes(join(folder, 'images'), 3);
  expect((await run('reference')).code).toBe(0);
  expected = await viewsOf(join(folder, 'reference'));
});
afterAll(() => rm(folder, { recursive: true }));

const argsOf = (out: string) => ['run', join(folder, 'images'), ...EMOJI, '--out', join(folder, out)];

/** A run in a PID namespace of its own, under the same host name: a pod, say. */
function run(out: string, ...more: string[]) {
  const prefix = canUnsharePids ? IN_PID_NAMESPACE : [];
  return preannotate([...argsOf(out), ...more], { prefix, timeoutMs: 100_000 });
}

/** Starts a slow run in a PID namespace of its own, and waits until it has done some images. */
async function startHolder(out: string) {
  const running = new Running(argsOf(out), { prefix: IN_PID_NAMESPACE, env: SLOW });
  const finished = running.finished();
  await untilJournalled(join(folder, out), 5);
  const [pid] = await running.workers(); // the child of unshare is the run itself
  // While it is open, no later namespace is given the same number, as a pod's may be.
  const namespace = await open(`/proc/${pid!}/ns/pid`);
  onTestFinished(() => namespace.close());
  return { pid: pid!, kill: () => running.child.kill('SIGKILL'), finished };
}

/** Everything below a folder, with what is in it. */
async function contentsOf(out: string): Promise<Record<string, string>> {
  const entries = await readdir(join(folder, out), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = paths.map(async (path) => [path, await readFile(path, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(contents));
}

async function expectFinished(out: string): Promise<void> {
  const names = (await journalled(join(folder, out))).map(({ image }) => image);
  expect(new Set(names).size).toBe(total);
  expect(names).toHaveLength(total);
  expect(await viewsOf(join(folder, out))).toEqual(expected);
}

describe.skipIf(!canUnsharePids)('two runs in two PID namespaces (needs the right to make them)', () => {
  it('are not let into one output folder, also not by waiting for a heartbeat', async () => {
    const holder = await startHolder('both');
    const refused = await run('both');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/may be using .*: process 1 on \S+, since 2\S+, last heartbeat 2\S+\. Whether it/);
    expect(refused.stderr).toMatch(/--take-over-after 5m .*--force-unlock/);
    const watching = await run('both', '--take-over-after', '8s');
    expect(watching.code).toBe(2);
    expect(watching.stderr).toMatch(/Watching the lock .*no heartbeat for 8 s/);
    expect(watching.stderr).toMatch(/is using .* It has just shown a heartbeat\./);
    expect((await holder.finished).code).toBe(0);
    await expectFinished('both');
  });

  it('can follow each other: a lock whose holder was killed is taken over after the time given', async () => {
    const holder = await startHolder('killed');
    holder.kill();
    await holder.finished;
    expect((await run('killed')).code).toBe(2);
    expect((await run('killed', '--dry-run', '--take-over-after', '5s')).code).toBe(0);
    const next = await run('killed', '--take-over-after', '5s');
    expect(next).toMatchObject({ code: 0, stderr: expect.stringMatching(/Watching the lock/) });
    await expectFinished('killed');
  });

  it('can follow each other at once with --force-unlock, in run and export', async () => {
    const holder = await startHolder('forced');
    holder.kill();
    await holder.finished;
    expect((await run('forced', '--force-unlock')).code).toBe(0);
    await expectFinished('forced');
  });

  it('do not mix: one that was stopped and has lost its folder writes nothing more, and ends with 1', async () => {
    const holder = await startHolder('stopped');
    process.kill(holder.pid, 'SIGSTOP');
    const next = await run('stopped', '--take-over-after', '5s');
    expect(next.code).toBe(0);
    const contents = await contentsOf('stopped');
    process.kill(holder.pid, 'SIGCONT');
    const { code, stderr } = await holder.finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: This run no longer has the output folder .*stopped: its lock was removed\./);
    expect(await contentsOf('stopped')).toEqual(contents);
    await expectFinished('stopped');
  });

  it('do not mix while the second one still works', async () => {
    const holder = await startHolder('overtaken');
    process.kill(holder.pid, 'SIGSTOP');
    const next = new Running([...argsOf('overtaken'), '--force-unlock'], { env: SLOW });
    const finished = next.finished();
    await untilJournalled(join(folder, 'overtaken'), 12);
    process.kill(holder.pid, 'SIGCONT');
    const { code, stderr } = await holder.finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`another run has taken it over: process ${next.child.pid!} on `));
    expect((await finished).code).toBe(0);
    await expectFinished('overtaken');
  });
});

describe('a run that is refused', () => {
  it.each([
    ['its model', ['--model', 'no/such-model-here'], { HF_HUB_OFFLINE: '1' }],
    ['its prompts', ['--class', `cup=${'very '.repeat(20)}old cup`, '--model', 'builtin:emoji'], {}],
    ['its images', ['--include', 'nothing/*'], {}],
    ['its device', ['--device', 'cuda:99'], {}],
  ])('because of %s leaves nothing behind, also after one that was killed', async (what, more, env) => {
    const out = `refused-${what.replaceAll(' ', '-')}`;
    const ontology = more.includes('--class') ? [] : EMOJI;
    const args = ['run', join(folder, 'images'), ...ontology, '--out', join(folder, out, 'deep'), ...more];
    expect((await preannotate(args, { env })).code).toBe(2);
    expect(await readdir(folder)).not.toContain(out);
    await mkdir(join(folder, out, 'deep/.preannotate'), { recursive: true });
    const killed = { pid: 2 ** 22 + 1, host: hostname(), started: '', created: 3 };
    await writeFile(join(folder, out, 'deep/.preannotate/lock'), JSON.stringify(killed));
    expect((await preannotate(args, { env })).code).toBe(2);
    expect(await readdir(folder)).not.toContain(out);
  });
});
