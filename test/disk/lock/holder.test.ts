import { describe, expect, it } from 'vitest';
import { hasRebooted } from '../../../src/disk/lock/holder.js';

const MACHINE = { host: 'desk', boot: 'b2', machine: 'm1', namespace: 'pid:[4026531836]' };

describe('the machine of a holder', () => {
  it('was booted again when name, id and namespace are the same and the boot is not', () => {
    expect(hasRebooted({ ...MACHINE, boot: 'b1' }, MACHINE)).toBe(true);
  });

  it.each([
    ['the boot is the same', { boot: 'b2' }],
    ['it has another name', { boot: 'b1', host: 'other' }],
    ['it has another id', { boot: 'b1', machine: 'm2' }],
    ['it was a container', { boot: 'b1', namespace: 'pid:[4026532000]' }],
  ])('is not known to have been booted again when %s', (_what, changed) => {
    expect(hasRebooted({ ...MACHINE, ...changed }, MACHINE)).toBe(false);
  });

  it('is not known to have been booted again without an id, as in containers', () => {
    const { machine: _, ...container } = MACHINE;
    expect(hasRebooted({ ...container, boot: 'b1' }, container)).toBe(false);
  });
});
