import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'yaml';
import { formatLine } from '../../../src/disk/checked-line.js';
import { ROOT } from '../model/golden.js';
import { Random } from '../random.js';

/** Number of images whose hashes are alike, one after the other, at the start of each hundred. */
const BURST = 4;

interface SyntheticRun {
  readonly images: number;
  readonly boxes?: number; // in each image
  readonly names?: (index: number) => string; // sorted
  readonly classes?: readonly string[];
  readonly maxDetections?: number; // that are shown of an image
  readonly content?: (index: number) => Uint8Array; // of files that are there; left out: of any size and hash
}

/**
 * Writes an output folder of a finished run over images that do not exist, with the classes of the builtin model: its
 * journal alone, which is all that `review`, `report` and `export` need. The same arguments give the same bytes.
 */
export async function writeSyntheticRun(
  outDir: string,
  { images, boxes = 5, names = nameOf, classes, content, maxDetections = 100 }: SyntheticRun,
): Promise<void> {
  const ontology = classes === undefined ? await readOntology() : toOntology(classes);
  await mkdir(join(outDir, '.preannotate'), { recursive: true });
  const header = {
    journal: 1,
    preannotate: '0.2.0',
    created: '2026-01-01T00:00:00.000Z',
    model: { reference: 'builtin:emoji', sha256: '12'.repeat(32), key: '34'.repeat(32) },
    ontology,
    options: {
      precision: 'fp32',
      image_size: 'native',
      fit: 'letterbox',
      score_floor: 0.01,
      max_stored: 300,
      max_pixels: 1e8,
      max_bytes: 1e8,
      strict_images: false,
      allow_truncate: false,
    },
    run: {
      root: 'images',
      selection: {
        score_threshold: 0.1,
        overrides_ontology: false,
        class_agnostic_nms: false,
        max_detections: maxDetections,
      },
      formats: ['coco'],
      choice: {},
      found: images,
      classes: Object.fromEntries(ontology.classes.map(({ name, id }) => [name, id])),
    },
  };
  const lines = toLines(formatLine(header), { images, boxes, names, content, classes: ontology.classes });
  await pipeline(Readable.from(lines), createWriteStream(join(outDir, 'detections.jsonl')));
  await writeFile(join(outDir, 'errors.jsonl'), '');
}

interface SyntheticOntology {
  readonly templates: string[];
  readonly classes: { name: string; id: number; prompts: string[] }[];
  readonly ignore: string[];
}

function toOntology(classes: readonly string[]): SyntheticOntology {
  const toClass = (name: string, i: number) => ({ name, id: i + 1, prompts: [`a photo of ${name}`] });
  return { templates: [], classes: classes.map(toClass), ignore: [] };
}

async function readOntology(): Promise<SyntheticOntology> {
  const { classes } = parse(await readFile(join(ROOT, 'ontologies/emoji.yaml'), 'utf8')) as { classes: object };
  return toOntology(Array.isArray(classes) ? classes.map((one: { name: string }) => one.name) : Object.keys(classes));
}

function nameOf(index: number): string {
  const folder = String(Math.floor(index / 1000)).padStart(4, '0');
  return `part-${folder}/image-${String(index).padStart(7, '0')}.jpg`;
}

function* toLines(
  head: string,
  {
    images,
    boxes,
    names,
    content,
    classes,
  }: Required<Omit<SyntheticRun, 'classes' | 'content' | 'maxDetections'>> &
    Pick<SyntheticOntology, 'classes'> & { readonly content: SyntheticRun['content'] },
) {
  yield head;
  const random = new Random(images);
  const hex = () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  let phash = '';
  let pending = '';
  for (let i = 0; i < images; i++) {
    const scores = Array.from({ length: boxes }, () => 1000 + random.below(98_000)).sort((a, b) => b - a);
    const detections = scores.map((score, patch) => {
      const { name, prompts } = random.oneOf(classes);
      const [x, y] = [random.below(54_000) / 100, random.below(38_000) / 100];
      const [width, height] = [1000 + random.below(9000), 1000 + random.below(9000)];
      const box = [x, y, Math.round(x * 100 + width) / 100, Math.round(y * 100 + height) / 100];
      return { class: name, prompt: prompts[0]!, score: score / 100_000, box, patch };
    });
    if (i % 100 === 0 || i % 100 >= BURST) phash = hex() + hex();
    const sha256 = Array.from({ length: 8 }, hex).join('');
    const bytes = content?.(i);
    const stamp = {
      size_bytes: bytes?.length ?? 20_000 + i,
      modified_ms: 1_700_000_000_000 + i,
      sha256: bytes === undefined ? sha256 : createHash('sha256').update(bytes).digest('hex'),
    };
    pending += formatLine({
      image: names(i),
      id: i + 1,
      width: 640,
      height: 480,
      detections,
      ...stamp,
      encoding: 'JPEG',
      phash,
    });
    if (pending.length < 1 << 18) continue;
    yield pending;
    pending = '';
  }
  yield pending;
}
