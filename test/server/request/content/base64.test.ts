import { describe, expect, it } from 'vitest';
import { decodeBase64, decodeDataUrl } from '../../../../src/server/request/content/base64.js';
import { Random } from '../../../support/random.js';

const random = new Random(7);
const bytesOf = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)));

/** Decoded, or the reason why not. */
function attempt(text: string): Buffer | string {
  try {
    return Buffer.from(decodeBase64(text, '/x'));
  } catch (error) {
    return (error as Error).message;
  }
}

const wrap = (text: string, width: number, separator: string) =>
  text.replaceAll(new RegExp(`.{${width}}`, 'g'), (line) => line + separator);

describe('base64', () => {
  it.each<[what: string, write: (bytes: Buffer) => string]>([
    ['as it is', (bytes) => bytes.toString('base64')],
    ['in the alphabet of URLs, without padding', (bytes) => bytes.toString('base64url')],
    ['without padding', (bytes) => bytes.toString('base64').replaceAll('=', '')],
    ['in lines of 76', (bytes) => wrap(bytes.toString('base64'), 76, '\r\n')],
    ['in lines of 64, indented by tabs', (bytes) => wrap(bytes.toString('base64'), 64, '\n\t')],
    ['with a line break at its end', (bytes) => `${bytes.toString('base64')}\n`],
    ['as a data: URL', (bytes) => `data:image/jpeg;base64,${bytes.toString('base64')}`],
    ['as a data: URL in capitals, with parameters', (bytes) => `DATA:a/b;x=1;BASE64,${bytes.toString('base64')}`],
    ['as a data: URL with escapes', (bytes) => `data:;base64,${encodeURIComponent(bytes.toString('base64'))}`],
  ])('%s is decoded', (_what, write) => {
    for (let length = 1; length < 400; length++) {
      const bytes = bytesOf(length);
      expect(attempt(write(bytes))).toEqual(bytes);
    }
  });

  it('whose + became spaces is decoded or refused, and never into other bytes', () => {
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = bytesOf(1 + random.below(600));
      for (const text of [bytes.toString('base64'), bytes.toString('base64').replaceAll('=', '')]) {
        const result = attempt(text.replaceAll('+', ' '));
        if (typeof result === 'string') refused++;
        else expect(result).toEqual(bytes);
      }
    }
    expect(refused).toBeLessThan(300); // of 6000: some texts without padding that have a few spaces
  });

  it('in lines that are separated by spaces is decoded, and never into other bytes', () => {
    for (let length = 300; length < 700; length++) {
      const bytes = bytesOf(length);
      for (const text of [bytes.toString('base64'), bytes.toString('base64url')]) {
        expect(attempt(wrap(text, 64, ' '))).toEqual(bytes);
        const few = attempt(wrap(text, 256, ' '));
        if (typeof few !== 'string') expect(few).toEqual(bytes);
      }
    }
  });

  it.each([
    ['', /empty/],
    [' \n', /empty/],
    ['!!!', /character 1 is "!"/],
    ['AAAA$AAA', /character 5 is "\$"/],
    ['AAAAA', /length or its padding/],
    ['A', /length or its padding/],
    ['AA=', /length or its padding/],
    ['AA===', /length or its padding/],
    ['=', /length or its padding/],
    ['AA==AA==', /length or its padding/],
    ['AAA=AAAA', /length or its padding/],
    ['AAA%2B', /character 4 is "%"/],
    ['AAA\u0141', /character 4/],
    ['data:image/png;base64', /without a comma/],
    ['data:image/png;base64,', /empty/],
    ['data:image/png;base64,!', /character 1/],
    [`data:${'x'.repeat(1000)},AAAA`, /without a comma/],
  ])('%j is refused', (text, reason) => {
    expect(attempt(text)).toMatch(reason);
  });
});

it('a data: URL without base64 is decoded from its escapes', () => {
  expect(Buffer.from(decodeDataUrl('data:text/plain,a%20%ff%zz+b#part', '/x'))).toEqual(
    Buffer.from('a \u00ff%zz+b', 'latin1'),
  );
  expect(() => decodeDataUrl('data:,', '/x')).toThrow(/without data/);
});
