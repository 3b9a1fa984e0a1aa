import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FORBIDDEN_HOSTS } from './forbidden.js';

const PUBLIC_V4 = '93.184.215.14';
const PUBLIC_V6 = '2606:2800:21f:cb07::14';
const HERE = [PUBLIC_V4, '10.0.0.7', '192.168.1.1', '172.16.0.1', '100.64.0.1', '169.254.169.254', '168.63.129.16'];
const HERE_V6 = [PUBLIC_V6, 'fd00::7', 'fd00:ec2::254', '64:ff9b::7f00:1', '2002:7f00:1::', '2600::5efe:7f00:1'];

/** Runs a command where all these addresses are this machine, and nothing else can be reached. */
function inOwnNetwork(command: readonly string[]): string {
  const lines = [...HERE.map((address) => `${address}/32`), ...HERE_V6.map((address) => `${address}/128 nodad`)];
  const script = [
    'set -e',
    'ip link set lo up',
    ...lines.map((line) => `ip addr add dev lo ${line}`),
    'exec "$@"',
  ].join('\n');
  return execFileSync('unshare', ['-rn', 'sh', '-c', script, 'sh', ...command], { encoding: 'utf8', stdio: 'pipe' });
}

function hasNamespaces(): boolean {
  try {
    inOwnNetwork(['true']);
    return true;
  } catch {
    return false; // the tests are skipped with the reason in their title
  }
}

describe.skipIf(!hasNamespaces())('a server in a network of its own (needs unshare, ip and user namespaces)', () => {
  it('fetches from public hosts, and follows no redirect from them to any other', () => {
    const script = join(import.meta.dirname, 'public-network.ts');
    const output = inOwnNetwork([process.execPath, '--import', 'tsx', script, PUBLIC_V4, PUBLIC_V6]);
    const { redirectedImages, imagesFetched, ...results } = JSON.parse(output) as Record<string, unknown>;
    const { fetched, redirected, connections, control, canary } = results;
    expect(fetched).toEqual({
      [PUBLIC_V4]: 'photo',
      [`[${PUBLIC_V6}]`]: 'photo',
      'photos.test': 'photo',
      'both.test': 'photo',
      'rebinding.test': 'photo', // from the address that was checked: its name server gives 127.0.0.1 by now
      'rebinding.test, again': 'URL_REFUSED',
    });
    expect(redirected).toEqual(Object.fromEntries(FORBIDDEN_HOSTS.map((host) => [host, 'URL_REFUSED'])));
    expect(redirectedImages).toEqual(redirected);
    expect(imagesFetched).toEqual({ direct: 'photo', private: 'URL_REFUSED', rebound: 'URL_REFUSED' });
    expect(connections).toEqual({ asked: 2, web: FORBIDDEN_HOSTS.length, canary: 0 });
    expect(control).toEqual({
      '127.0.0.1': 'photo',
      '[::1]': 'photo',
      '10.0.0.7': 'photo',
      '192.168.1.1': 'photo',
      '[fd00::7]': 'photo',
      '169.254.169.254': 'URL_REFUSED',
    });
    expect(canary).toBe(5);
  });
});
