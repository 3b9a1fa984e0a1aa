import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatLine, parseLine } from '../../../../src/disk/checked-line.js';
import { Random } from '../../../support/random.js';

const BOXES = 5; // in each image

/**
 * Writes the journal of a run over so many images that do not exist, five boxes in each, with the header of another run
 * in whose folder nothing is changed.
 */
export async function generateJournal(from: string, out: string, images: number): Promise<void> {
  const text = await readFile(join(from, 'detections.jsonl'), 'utf8');
  const head = text.slice(0, text.indexOf('\n'));
  const header = parseLine(head) as { ontology: { classes: { name: string; prompts: string[] }[] } };
  await mkdir(out, { recursive: true });
  const lines = toLines(`${head}\n`, header.ontology.classes, images);
  await pipeline(Readable.from(lines), createWriteStream(join(out, 'detections.jsonl')));
}

function* toLines(head: string, classes: readonly { name: string; prompts: string[] }[], images: number) {
  yield head;
  const random = new Random(images);
  for (let i = 0; i < images; i++) {
    const detections = Array.from({ length: BOXES }, (_, patch) => {
      const { name, prompts } = random.oneOf(classes);
      const [x, y] = [random.below(400), random.below(300)];
      const score = 0.9 - patch / 10;
      return { class: name, prompt: prompts[0]!, score, box: [x, y, x + 50 + random.below(90), y + 60.25], patch };
    });
    const folder = String(Math.floor(i / 1000)).padStart(4, '0');
    const image = `part-${folder}/image-${String(i).padStart(7, '0')}.jpg`;
    const stamp = { size_bytes: 20_000 + i, modified_ms: 1_700_000_000_000 + i, sha256: 'ab'.repeat(32) };
    yield formatLine({ image, id: i + 1, width: 640, height: 480, detections, ...stamp, encoding: 'JPEG' });
  }
}
