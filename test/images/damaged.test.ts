import { describe, expect, it } from 'vitest';
import { describeDamage } from '../../src/images/damage/describe-damage.js';
import { decodeImage } from '../../src/images/decode.js';
import { sniff } from '../../src/images/sniff.js';
import { damagedImages } from '../support/damaged-images.js';
import { Random } from '../support/random.js';

const LIMITS = { maxPixels: 268_402_689, strict: false };

describe('the reason why an image is refused or marked as damaged', async () => {
  it.each(await damagedImages())('$name is $outcome: $reason', async ({ bytes, outcome, reason }) => {
    if (outcome === 'refused') {
      const error = (await decodeImage(bytes, LIMITS).catch((thrown: unknown) => thrown)) as Error & { hint: string };
      expect(error.message).toMatch(/^the \w+ image cannot be decoded: .*\.$/);
      expect(error.message.replace(/^.* cannot be decoded: (.*)\.$/, '$1')).toMatch(reason!);
      expect(error.hint).toMatch(/\w/);
      return;
    }
    const { degraded } = await decodeImage(bytes, LIMITS);
    if (reason === undefined) expect(degraded).toBeUndefined();
    else expect(degraded).toMatch(reason);
    if (outcome === 'sound') return;
    await expect(decodeImage(bytes, { ...LIMITS, strict: true })).rejects.toMatchObject({
      code: 'IMAGE_DEGRADED',
      message: `the JPEG image is damaged: ${degraded}.`.replace('JPEG', bytes[1] === 0x50 ? 'PNG' : 'JPEG'),
    });
  });
});

describe('the search for damage', async () => {
  it.each(await damagedImages())('ends with a reason, whatever else is wrong with $name', ({ bytes }) => {
    const { kind } = sniff(bytes);
    const random = new Random(bytes.length);
    for (let i = 0; i < 200; i++) {
      const broken = Buffer.from(
        bytes.subarray(0, random.chance(0.5) ? bytes.length : 12 + random.below(bytes.length)),
      );
      for (let changes = random.below(5); changes > 0; changes--) {
        // Which search it is depends on the first 12 bytes.
        broken[12 + random.below(random.oneOf([50, 500, bytes.length]))] = random.below(256);
      }
      const { reason, advice } = describeDamage(broken, kind, { decodes: random.chance(0.5) });
      expect([reason, advice]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
    }
  });
});
