import { execFileSync } from 'node:child_process';
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary.js';

/** Small disks can be made by root on Linux, unless a container forbids it. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mountsWork();

function mountsWork(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // a container without the right to mount
  }
}

/** A disk of its own, which goes when the test that asked for it ends. @param size - As mount takes it: 256k, 1m. */
export async function smallDisk(size: string): Promise<string> {
  const disk = join(await realpath(await temporaryFolder()), 'disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  onTestFinished(() => void execFileSync('umount', ['-l', disk]));
  return disk;
}

export function resizeDisk(disk: string, size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, disk]);
}

/** A small disk that was filled and then made read-only. */
export async function readOnlyDisk(fill: (folder: string) => Promise<unknown>): Promise<string> {
  const disk = await smallDisk('1m');
  await fill(disk);
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  return disk;
}
