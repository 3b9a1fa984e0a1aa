import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { imageBuilder } from '../support/deploy/build-image.js';
import { canMakeContainers } from '../support/deploy/container.js';
import { checkRun, checkServe, type Image } from '../support/deploy/container-checks.js';
import { DEPLOY } from '../support/deploy/dockerfile.js';
import { temporaryFolder } from '../support/temporary.js';

/** Where this machine gets its own packages from. */
const SOURCES = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)'], { encoding: 'utf8' });
const MIRROR = SOURCES.error === undefined ? SOURCES.stdout.split('\n')[0]! : '';

const canBuild = canMakeContainers && hasDebootstrap();

function hasDebootstrap(): boolean {
  try {
    execFileSync('debootstrap', ['--version'], { stdio: 'ignore' });
    execFileSync('curl', ['--silent', '--fail', '--head', '--max-time', '10', `${MIRROR}/`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canBuild)(
  'fixtures/deploy/Dockerfile, run step by step in a Debian (needs root, debootstrap, networks of Debian and npm)',
  () => {
    it('makes images that annotate as an ordinary user on a read-only root, and whose health check works', async () => {
      const folder = await temporaryFolder();
      chmodSync(folder, 0o755);
      const base = join(folder, 'debian');
      execFileSync('debootstrap', ['--variant=minbase', 'bookworm', base, MIRROR], { stdio: 'pipe' });
      const build = imageBuilder(folder, base);
      await checkRun(imageOf(build('cli')));
      await checkServe(imageOf(build('serve')));
    });
  },
);

/** What Docker adds to the file system of an image. */
function imageOf(root: string): Image {
  const [, , uid = ''] = /^USER ((\d+):\d+)$/m.exec(readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8')) ?? [];
  const users = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n');
  const [, , , , , home = '/'] = users.map((line) => line.split(':')).find((user) => user[2] === uid) ?? [];
  for (const name of ['proc', 'dev', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  return { root, home, mounts: [] };
}
