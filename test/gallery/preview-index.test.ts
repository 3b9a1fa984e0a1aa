import { expect, it } from 'vitest';
import { LiveIndex } from '../../src/gallery/preview-index.js';

it('the page over live previews is made anew once a minute, and not kept where it was not finished', async () => {
  let [now, made] = [0, 0];
  const index = new LiveIndex(() => now);
  const failures: Error[] = [];
  const write = async (names: readonly string[]) => {
    const page = index.of(async function* (those) {
      await Promise.resolve();
      yield `${++made}: `;
      if (failures.length > 0) throw failures.pop()!;
      yield those.join();
    });
    let text = '';
    for await (const part of page(names)) text += part;
    return text;
  };
  failures.push(new Error('the disk is full'));
  await expect(write(['a'])).rejects.toThrow('full');
  expect(await write(['a'])).toBe('2: a');
  now = 59_000;
  expect(await write(['a', 'b'])).toBe('2: a');
  now = 60_001;
  expect(await write(['a', 'b'])).toBe('3: a,b');
});
