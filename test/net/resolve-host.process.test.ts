import { expect, it } from 'vitest';
import { resolveAllowed } from '../../src/net/resolve-host.js';
import { startNameServer } from '../support/servers/name-server.js';
import { never } from './fetching.js';

async function addressesOf(host: string, records: readonly string[] = []) {
  using names = await startNameServer({ 'photos.test': records });
  const policy = { enabled: true, allowPrivate: false, maxBytes: 1, timeoutMs: 1000, maxRedirects: 0 };
  return await resolveAllowed(host, { ...policy, dnsServers: [names.address] }, never);
}

it('an address is resolved to itself, in the form that a socket takes', async () => {
  expect(await addressesOf('8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
  expect(await addressesOf('[2606:4700::1111]')).toEqual([{ address: '2606:4700::1111', family: 6 }]);
});

it('a name is resolved to its addresses of both families', async () => {
  expect(await addressesOf('photos.test', ['2606:4700::1111', '8.8.8.8'])).toEqual([
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ]);
});

it('of a name with many addresses all are checked and two of each family are tried', async () => {
  const many = Array.from({ length: 10 }, (_, i) => [`8.8.8.${i}`, `2606:4700::${i}`]).flat();
  expect(await addressesOf('photos.test', many)).toEqual([
    { address: '8.8.8.0', family: 4 },
    { address: '8.8.8.1', family: 4 },
    { address: '2606:4700::', family: 6 },
    { address: '2606:4700::1', family: 6 },
  ]);
  await expect(addressesOf('photos.test', [...many, '10.0.0.7'])).rejects.toMatchObject({ code: 'URL_REFUSED' });
});
