import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadApiKeys } from '../../../src/http/auth.js';
import { EMOJI, preannotate } from '../../support/cli.js';
import { timed } from '../../support/clients/requests.js';
import { temporaryFolder } from '../../support/temporary.js';

const KEY = 'a-key-of-more-than-16-signs';

/** The message about keys in a file or a variable; fails where they are accepted. */
async function refusalOf(...source: Parameters<typeof loadApiKeys>): Promise<string> {
  const error = await loadApiKeys(...source).then(
    () => 'accepted',
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('\n') as string });
  return (error as Error).message;
}

async function fileWith(content: string | Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(), 'keys');
  await writeFile(file, content);
  return file;
}

describe('a key file', () => {
  it.each<[what: string, content: string | Uint8Array, message: RegExp]>([
    ['is empty', '', /has no key\.$/],
    ['holds white space only', ' \n\t\r\n\n', /has no key\.$/],
    ['holds comments only', '# a\n  # b\n', /has no key\.$/],
    ['holds NUL bytes only', new Uint8Array(64), /line 1 holds characters that no key can have\.$/],
    ['has a NUL byte in a key', `${KEY}\nan\0other\n`, /line 2 holds/],
    ['has a control character in a key', `${KEY}\n\n\u001b[31m${KEY}\n`, /line 3 holds/],
    ['has a line that ends with a carriage return alone', `${KEY}\r${KEY}`, /line 1 holds/],
    ['is UTF-16', Buffer.from(`${KEY}\n`, 'utf16le'), /line 1 holds/],
    ['is not UTF-8', Buffer.from([0xe4, 0xf6, 0xfc, 10]), /line 1 holds/],
    ['is larger than a list of keys', Buffer.alloc(2_000_000, 'k'), /cannot be read: it is larger than 1 MiB\.$/],
  ])('that %s is refused, without quoting it', async (_, content, message) => {
    const refusal = await refusalOf(await fileWith(content), undefined);
    expect(refusal).toMatch(message);
    expect(refusal).not.toContain(KEY);
  });

  it('that is a folder, a device or missing is refused', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'keys'));
    await symlink('/dev/zero', join(folder, 'zeros'));
    expect(await refusalOf(join(folder, 'keys'), undefined)).toContain('it is a folder, not a file');
    expect(await refusalOf('/dev/zero', undefined)).toContain('it is a device, not a file');
    expect(await refusalOf(join(folder, 'zeros'), undefined)).toContain('it is a device, not a file');
    expect(await refusalOf(join(folder, 'none'), undefined)).toContain('ENOENT');
  });

  it('is read with comments, white space, a byte order mark and either kind of line end', async () => {
    const file = await fileWith(`\ufeff${KEY}\r\n# old\r\n\r\n  ${KEY}2  \nschl\u00fcssel-mit-umlaut`);
    expect(await loadApiKeys(file, undefined)).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')(
    'that is a pipe without a writer is refused at once (needs mkfifo)',
    async () => {
      const pipe = join(await temporaryFolder(), 'pipe');
      execFileSync('mkfifo', [pipe]);
      const serve = (...args: string[]) => timed(() => preannotate(['serve', ...EMOJI, '--port', '0', ...args]));
      for (const args of [
        ['--api-key-file', pipe],
        ['--tls-cert', pipe, '--tls-key', pipe],
      ]) {
        const [{ code, stderr }, ms] = await serve(...args);
        expect([code, stderr]).toEqual([2, expect.stringContaining('it is a named pipe, not a file')]);
        expect(ms).toBeLessThan(20_000); // it would wait indefinitely
      }
    },
  );
});

it.each([
  [',, ,', 'has no key'],
  [`${KEY}\n${KEY}`, 'has a line break'],
  [`${KEY},a\u0007b`, 'has a line break or another control character'],
])('PREANNOTATE_API_KEYS of %j is refused, without quoting it', async (variable, message) => {
  const refusal = await refusalOf(undefined, variable);
  expect(refusal).toContain(message);
  expect(refusal).not.toContain(KEY);
});
