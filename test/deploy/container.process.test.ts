import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'vitest';
import { canMakeContainers } from '../support/deploy/container.js';
import { checkRun, checkServe, type Image } from '../support/deploy/container-checks.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const hasTini = isInstalled('tini');

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A file system with the programs of this machine, and this clone where the Dockerfile installs the package; nothing
 * else: no /etc, no home.
 */
async function imageOfThisMachine(): Promise<Image> {
  const root = await temporaryFolder();
  await chmod(root, 0o755);
  const app = 'opt/preannotate/lib/node_modules/preannotate';
  const folders = [app, 'opt/preannotate/bin', 'opt/node', 'usr', 'proc', 'dev', 'tmp', 'data/scenes', 'cache'];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64'].filter((one) => existsSync(`/${one}`)))
    await symlink(`usr/${name}`, join(root, name));
  const bin = join(root, 'opt/preannotate/bin');
  await symlink('../lib/node_modules/preannotate/bin/preannotate.js', join(bin, 'preannotate'));
  await symlink('/opt/node/node', join(bin, 'node'));
  return {
    root,
    home: '/',
    mounts: [
      { source: '/usr', target: '/usr', isReadOnly: true },
      { source: dirname(process.execPath), target: '/opt/node', isReadOnly: true },
      { source: ROOT, target: `/${app}`, isReadOnly: true },
    ],
  };
}

describe.skipIf(!canMakeContainers || !hasTini)(
  'the image, as a container of this machine’s files (needs root on Linux, unshare, iproute2, tini)',
  () => {
    it('annotates images as an ordinary user whom no file knows, on a read-only root, without a network', async () => {
      await checkRun(await imageOfThisMachine());
    });

    it('is healthy when the server is ready, and ends it on SIGTERM', async () => {
      await checkServe(await imageOfThisMachine());
    });
  },
);
