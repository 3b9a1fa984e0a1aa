import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { journalled, SCENES } from '../cli.js';
import { temporaryFolder } from '../temporary.js';
import { runAround, type Container } from './container.js';
import { configOf } from './dockerfile.js';

/** A file system with the image's program; `/data/scenes` and its volumes are there. */
export type Image = Pick<Container, 'root' | 'home' | 'mounts'>;

/** Annotates the scenes as an ordinary user, in a container that can write to its volumes alone. */
export async function checkRun(image: Image): Promise<void> {
  const { container, data } = await start(image, 'cli');
  const { code, stdout, stderr } = await runAround(
    container,
    'entrypoint run scenes --model builtin:emoji --ontology emoji --out drafts',
  );
  expect(code, stdout + stderr).toBe(0);
  expect(await journalled(join(data, 'drafts'))).toHaveLength(48);
  expect(await runAround(container, 'inside sh -c "id -u; touch /x; touch /opt/x; touch /cache/x"')).toEqual({
    code: 0,
    stdout: `${container.config.user.split(':')[0]}\n`,
    stderr: expect.stringMatching(/^(touch: .*Read-only file system\n){2}$/),
  });
}

/** The health check fails until the server is ready, then passes; SIGTERM ends the server with 0. */
export async function checkServe(image: Image): Promise<void> {
  const { container } = await start(image, 'serve');
  const { stdout, stderr } = await runAround(
    container,
    `(entrypoint ${container.config.cmd.join(' ')} --model builtin:emoji --ontology emoji) &
server=$!
healthcheck || echo "before: $?"
until healthcheck; do kill -0 $server; sleep 0.2; done
echo "ready"
kill -TERM $server
wait $server && echo "ended"
healthcheck || echo "after: $?"`,
  );
  expect(
    stdout.split('\n').filter((line) => /^(before|ready|ended|after)/.test(line)),
    stderr,
  ).toEqual(['before: 1', 'ready', 'ended', 'after: 1']);
}

/** A container with a data folder and volumes of its own, in which any user may write. */
async function start({ root, home, mounts }: Image, target: string) {
  const config = configOf(target);
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const own = ['data', 'cache'].map((name) => join(folder, name)) as [string, string];
  const [data, cache] = own;
  for (const each of own) {
    await mkdir(each);
    await chmod(each, 0o1777); // as the image has /cache
  }
  await mkdir(join(data, 'scenes'));
  expect(config.volumes).toEqual(['/cache']);
  const container = {
    root,
    config,
    home,
    mounts: [
      ...mounts,
      { source: data, target: config.workdir },
      { source: SCENES, target: `${config.workdir}/scenes`, isReadOnly: true },
      { source: cache, target: '/cache' },
    ],
  };
  return { container, data };
}
