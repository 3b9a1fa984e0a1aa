import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { preannotate } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

it('notes of eval have a line break in a file name as \\u000a', async () => {
  const folder = await temporaryFolder();
  const write = async (file: string, names: readonly string[]) => {
    const images = names.map((name, i) => ({ id: i + 1, file_name: name, width: 9, height: 9 }));
    const annotations = images.map(({ id }) => {
      return { id, image_id: id, category_id: 1, bbox: [1, 1, 5, 5], area: 25, iscrowd: 0, score: 1 };
    });
    const data = { images, annotations, categories: [{ id: 1, name: 'cup' }] };
    await writeFile(join(folder, file), JSON.stringify(data));
    return join(folder, file);
  };
  const [own, truth] = [await write('own.json', ['a.jpg']), await write('truth.json', ['a.jpg', 'new\nline.jpg'])];
  const { code, stdout, stderr } = await preannotate(['eval', own, '--truth', truth]);
  expect(code, stderr).toBe(0);
  expect(stdout + stderr).toContain('new\\u000aline.jpg');
});
