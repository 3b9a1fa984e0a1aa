import { execFileSync } from 'node:child_process';

/** Starts what follows as the first process of a PID namespace of its own, which ends with `unshare`. */
export const IN_PID_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;

/** Namespaces can be made by root on Linux, unless a container forbids it. */
export const canUnsharePids = process.platform === 'linux' && unshareWorks();

function unshareWorks(): boolean {
  try {
    execFileSync(IN_PID_NAMESPACE[0], [...IN_PID_NAMESPACE.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // a container without the right to make namespaces
  }
}
