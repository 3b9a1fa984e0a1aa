import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { buildOntology } from '../../src/core/ontology.js';
import type { ViewImage } from '../../src/core/image.js';
import { formats, type FormatName } from '../../src/formats/index.js';
import { DataSetProbe } from '../../src/formats/reading/probe.js';
import type { FoundDataSet } from '../../src/validation/find-data-sets.js';
import { Findings, type Finding } from '../../src/validation/findings.js';
import { validateDataSet, type Checked } from '../../src/validation/validate.js';
import { asyncOf, detection } from '../formats/views.js';
import { temporaryFolder } from '../support/temporary.js';

const ONTOLOGY = buildOntology({
  templates: [],
  classes: [
    { name: 'cup', id: 1, prompts: ['a cup'] },
    { name: 'dog', id: 2, prompts: ['a dog'] },
  ],
  ignore: [],
});

const [WIDTH, HEIGHT] = [64, 48];
const NAMES = ['a.jpg', 'b.png', 'sub/c.jpg']; // the second has no boxes

/** A small data set without mistakes, and its images. */
export interface CorrectSet {
  readonly folder: string; // absolute
  readonly root: string; // absolute, of the images
  readonly path: (name: string) => string;
  /** Replaces a text of a file, once. */
  readonly edit: (name: string, from: string, to: string) => Promise<void>;
  /** Changes the JSON of a file in place. */
  readonly change: (name: string, change: (content: never) => unknown) => Promise<void>;
  readonly write: (name: string, content: string | Uint8Array) => Promise<void>;
  readonly read: (name: string) => Promise<string>;
}

/** An image of plain colour, unlike one of another shade. */
export async function imageOf(
  kind: 'jpeg' | 'png' | 'webp',
  { width = WIDTH, height = HEIGHT, shade = 90, orientation = 1 } = {},
): Promise<Buffer> {
  const background = { r: shade, g: shade, b: shade };
  const picture = sharp({ create: { width, height, channels: 3, background } });
  return await (orientation === 1 ? picture : picture.withMetadata({ orientation })).toFormat(kind).toBuffer();
}

/** Three images with four boxes, as this program writes them in a format. */
export async function correctSet(format: FormatName): Promise<CorrectSet> {
  const parent = await realpath(await temporaryFolder());
  const [root, folder] = [join(parent, 'source'), join(parent, 'out', format)];
  const images: ViewImage[] = [];
  for (const [index, name] of NAMES.entries()) {
    const bytes = await imageOf(name.endsWith('.png') ? 'png' : 'jpeg', { shade: 90 + index });
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
    const boxes = [detection(0, 0.9, [4, 4, 24, 24]), detection(1, 0.8, [30, 10, 60, 40])];
    const detections = index === 1 ? [] : boxes;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const [width, height] = [WIDTH, HEIGHT];
    images.push({ id: index + 1, name, width, height, detections, stored: boxes, sizeBytes: bytes.length, sha256 });
  }
  await formats[format].write({
    images: asyncOf(images),
    ontology: ONTOLOGY,
    root,
    outDir: folder,
    provenance: { version: '1.2.3', model: 'builtin:emoji', modelSha256: 'ab', year: 2026 },
    imageFiles: 'copy',
    overwriteEdited: false,
    throwIfStopped: () => Promise.resolve(),
  });
  const path = (name: string) => join(folder, name);
  const read = (name: string) => readFile(path(name), 'utf8');
  const write = async (name: string, content: string | Uint8Array) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), content);
  };
  return {
    folder,
    root,
    path,
    read,
    write,
    edit: async (name, from, to) => {
      const text = await read(name);
      if (!text.includes(from)) throw new Error(`${name} has no ${from}:\n${text}`);
      await write(
        name,
        text.replace(from, () => to),
      );
    },
    change: async (name, change) => {
      const content = JSON.parse(await read(name)) as never;
      change(content);
      await write(name, JSON.stringify(content));
    },
  };
}

/** What `validate` finds in a data set, and what it says of it. */
export async function validated(
  format: FormatName,
  { folder, root }: Pick<CorrectSet, 'folder' | 'root'>,
  expected: Pick<FoundDataSet, 'areImagesExpected'> = {},
): Promise<{ findings: Finding[]; checked: Checked }> {
  const findings: Finding[] = [];
  const { report } = new Findings(0, (finding) => findings.push(finding));
  const probe = await DataSetProbe.open(folder);
  const imagesRoot = 'images' in formats[format] ? undefined : root;
  const checked = await validateDataSet({ probe, format, imagesRoot, outDir: folder, ...expected }, report);
  return { findings, checked };
}

/** `coco-area instances.json, annotation 2` */
export function describeFinding({ rule, file, line, entry }: Finding, folder: string): string {
  const place = relative(folder, file) + (line === undefined ? '' : `:${line}`);
  return `${rule} ${place}${entry === undefined ? '' : `, ${entry}`}`;
}
