import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES } from './golden.js';

/** The built-in model's weights under OWLv2's names: the two differ in how images are prepared and in one head. */
export async function emojiAsOwlv2(folder: string): Promise<string> {
  await cp(join(FIXTURES, 'models/owlvit-emoji'), folder, { recursive: true });
  const file = join(folder, 'model.safetensors');
  const bytes = await readFile(file);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = bytes
    .toString('utf8', 8, headerEnd)
    .replaceAll('"owlvit.', '"owlv2.')
    .padEnd(headerEnd - 8, ' ');
  await writeFile(file, Buffer.concat([bytes.subarray(0, 8), Buffer.from(header), bytes.subarray(headerEnd)]));
  const config = await readFile(join(folder, 'config.json'), 'utf8');
  await writeFile(join(folder, 'config.json'), config.replace('"model_type": "owlvit"', '"model_type": "owlv2"'));
  return folder;
}
