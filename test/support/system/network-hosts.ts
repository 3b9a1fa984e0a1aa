import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** Hosts made of network namespaces need root on Linux, and a kernel that has bridges. */
export const canMakeHosts = process.platform === 'linux' && hostsWork();

function hostsWork(): boolean {
  const name = `pre${process.pid}`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'delete', name);
    ip('link', 'add', name, 'type', 'bridge');
    ip('link', 'delete', name);
    return true;
  } catch {
    return false; // not root, without iproute2, or in a container that forbids it
  }
}

/** A host of a test: a network namespace with an address on a bridge that all of them share. */
export interface NetworkHost {
  readonly address: string;
  readonly prefix: readonly string[]; // what starts a command on it
  readonly cut: () => void; // no packet comes or goes, and nobody is told
  readonly join: () => void;
}

/** Makes hosts on a bridge of their own, until the test ends. */
export function makeHosts(count: number): NetworkHost[] {
  const id = process.pid.toString(36).slice(-5);
  const bridge = `b${id}`;
  ip('link', 'add', bridge, 'type', 'bridge');
  onTestFinished(() => ip('link', 'delete', bridge));
  ip('link', 'set', bridge, 'up');
  return Array.from({ length: count }, (_, i) => {
    const [space, inside, outside] = [`n${id}-${i}`, `i${id}-${i}`, `o${id}-${i}`];
    const address = `10.213.77.${i + 1}`;
    ip('netns', 'add', space);
    onTestFinished(() => ip('netns', 'delete', space));
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', space);
    ip('link', 'set', outside, 'master', bridge, 'up');
    ip('-n', space, 'address', 'add', `${address}/24`, 'dev', inside);
    ip('-n', space, 'link', 'set', inside, 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');
    return {
      address,
      prefix: ['ip', 'netns', 'exec', space],
      cut: () => ip('link', 'set', outside, 'nomaster'),
      join: () => ip('link', 'set', outside, 'master', bridge, 'up'),
    };
  });
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}
