import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../model/golden.js';
import { quote } from './container.js';
import { applyConfig, configOf, DEPLOY, readArg, readStages, type ImageConfig, type Stage } from './dockerfile.js';

/**
 * Does what `docker build` does with the stages of fixtures/deploy/Dockerfile, each in a folder of its own, by chroot.
 *
 * @param base - Folder with a Debian that debootstrap has made: it stands for the images that the stages begin with.
 * @returns Builds a stage, once. Its result is the folder with the file system.
 */
export function imageBuilder(folder: string, base: string): (target: string) => string {
  const built = new Map<string, string>();
  const build = (name: string): string => {
    const known = built.get(name);
    if (known !== undefined) return known;
    const root = join(folder, name);
    built.set(name, root);
    buildStage(
      root,
      readStages().find((stage) => stage.name === name)!,
      (from) => (/^(node|debian):/.test(from) ? base : build(from)),
    );
    return root;
  };
  return build;
}

/** @param find - The file system of an image or of another stage. */
function buildStage(root: string, { from, instructions }: Stage, find: (name: string) => string): void {
  copy(find(from), root);
  if (from.startsWith('node:')) addNode(root);
  let config = configOf(from);
  for (const instruction of instructions) {
    const { name, text } = instruction;
    config =
      name === 'ARG' ? { ...config, env: { ...config.env, ...readArg(text) } } : applyConfig(config, instruction);
    if (name === 'RUN') runIn(root, config, text);
    if (name === 'WORKDIR') mkdirSync(join(root, text), { recursive: true });
    if (name === 'COPY') copyInto(root, { text, workdir: config.workdir, find });
  }
}

/** Node and npm of this machine, where the image of Node has them. */
function addNode(root: string): void {
  copy(process.execPath, join(root, 'usr/local/bin/node'));
  const npm = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm');
  copy(npm, join(root, 'usr/local/lib/node_modules/npm'));
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
}

/** The certificates that this machine trusts: its way to the registry may need them. */
const CERTIFICATES = process.env['NODE_EXTRA_CA_CERTS'];

function runIn(root: string, { env, user, workdir }: ImageConfig, text: string): void {
  const variables = { HOME: '/root', ...env };
  if (CERTIFICATES !== undefined) {
    copy(CERTIFICATES, join(root, 'tmp/ca.pem'));
    Object.assign(variables, { NODE_EXTRA_CA_CERTS: '/tmp/ca.pem' });
  }
  const set = Object.entries(variables).map(([name, value]) => quote(`${name}=${value}`));
  const script = `set -e
mount --make-rprivate /
mount -t proc proc ${quote(join(root, 'proc'))}
mount --bind /dev ${quote(join(root, 'dev'))}
exec chroot --userspec=${user} ${quote(root)} /usr/bin/env --chdir=${workdir} -i ${set.join(' ')} sh -c ${quote(text)}`;
  execFileSync('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script], { stdio: 'pipe' });
}

interface Copy {
  readonly text: string;
  readonly workdir: string;
  readonly find: (stage: string) => string;
}

/** `COPY . .` takes what the .dockerignore leaves, `COPY --from=stage from to` a file or a folder. */
function copyInto(root: string, { text, workdir, find }: Copy): void {
  const [, stage, from = '', to = ''] = /^--from=(\w+) (\S+) (\S+)$/.exec(text) ?? [];
  if (stage !== undefined) copy(join(find(stage), from), join(root, to));
  else for (const path of contextPaths()) copy(join(ROOT, path), join(root, workdir, path));
}

function copy(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  execFileSync('cp', ['--archive', '--no-target-directory', source, target]);
}

/** The .dockerignore leaves out everything (`*`) but what it lists (`!path`). */
export function contextPaths(): string[] {
  const text = readFileSync(join(DEPLOY, 'Dockerfile.dockerignore'), 'utf8');
  const [first, ...rest] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*' || rest.some((line) => !line.startsWith('!'))) throw new Error('It is no list of exceptions to *.');
  return rest.map((line) => line.slice(1));
}
