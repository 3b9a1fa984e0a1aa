import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../temporary.js';
import type { ImageConfig } from './dockerfile.js';

const execute = promisify(execFile);

const NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--net'] as const;

/** Containers are made of namespaces, which root can make on Linux, unless a container forbids it. */
export const canMakeContainers = process.platform === 'linux' && process.geteuid?.() === 0 && works();

function works(): boolean {
  try {
    const [command, ...args] = NAMESPACES;
    execFileSync(command, [...args, 'sh', '-c', 'mount -t tmpfs none /mnt && ip link set lo up'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // no rights, or no iproute2
  }
}

/** A folder of this machine in a container. */
interface Mount {
  readonly source: string;
  readonly target: string; // is there
  readonly isReadOnly?: boolean;
}

/** What is started, as `docker run --read-only --network none --tmpfs /tmp` does. */
export interface Container {
  readonly root: string; // the folder that becomes /
  readonly config: ImageConfig;
  readonly home: string;
  readonly mounts: readonly Mount[];
}

/** What a container has printed, and its exit code. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a Bash script around a container, with the functions `entrypoint`, which replaces the shell by the entry point
 * with its arguments, and `healthcheck`.
 */
export async function runAround(container: Container, script: string): Promise<Ended> {
  const file = join(await temporaryFolder(), 'container.sh');
  await writeFile(file, containerScript(container, script));
  const [command, ...args] = NAMESPACES;
  try {
    const { stdout, stderr } = await execute(command, [...args, 'bash', file], {
      timeout: 300_000,
      maxBuffer: 1 << 26,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}

function containerScript({ root, config, home, mounts }: Container, script: string): string {
  const quoted = quote(root);
  const env = Object.entries({ HOME: home, ...config.env }).map(([name, value]) => quote(`${name}=${value}`));
  const bind = ({ source, target, isReadOnly = false }: Mount) =>
    `mount --bind ${quote(source)} ${quoted}${target}` +
    (isReadOnly ? ` && mount -o remount,bind,ro ${quoted}${target}` : '');
  return `set -e
mount --make-rprivate /
mount --bind ${quoted} ${quoted}
${mounts.map(bind).join('\n')}
mount -t proc proc ${quoted}/proc
mount --bind /dev ${quoted}/dev
mount -t tmpfs tmpfs ${quoted}/tmp
mount -o remount,bind,ro ${quoted}
ip link set lo up
inside() {
  exec chroot --userspec=${config.user} ${quoted} /usr/bin/env --chdir=${config.workdir} -i ${env.join(' ')} "$@"
}
entrypoint() { inside ${config.entrypoint.map(quote).join(' ')} "$@"; }
healthcheck() { (inside ${config.healthcheck.map(quote).join(' ')}); }
${script}
`;
}

/** For a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
