import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOntology } from '../../../../src/core/ontology.js';
import { loadOntology } from '../../../../src/config/ontology/load-ontology.js';
import { select } from '../../../../src/core/select.js';
import { xyxyToXywh, type Xywh } from '../../../../src/core/box.js';
import { workLeftByClass } from '../../../../src/evaluation/drafts/work-left.js';
import { drawSets, estimate } from '../../../../src/evaluation/resample.js';
import { StoredImages } from '../../../../src/run/images/stored-images.js';
import { openRun } from '../../../../src/run/open-run.js';
import { preannotate, SCENES } from '../../../support/cli.js';
import { ROOT } from '../../../support/model/golden.js';
import { annotate } from '../../support/command.js';
import { printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

interface Coco {
  readonly images: readonly { id: number; file_name: string }[];
  readonly categories: readonly { id: number; name: string }[];
  readonly annotations: readonly { image_id: number; category_id: number; bbox: Xywh }[];
}

/** Counts of an image, over all classes. */
interface Counts {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

const WAYS = [
  { name: 'default', flags: [] },
  { name: '--shared', flags: ['--shared'] },
  { name: '--min-objects 2', flags: ['--min-objects', '2'] },
  { name: '--min-objects 1', flags: ['--min-objects', '1'] },
];
const RESAMPLES = 2000;

/** Do thresholds that `tune` chose on one half of the sample images serve the other half better than one for all? */
export async function tune({ folder }: Bench): Promise<void> {
  const shipped = join(ROOT, 'ontologies/emoji.yaml');
  const job = { folder, images: [SCENES], model: 'builtin:emoji', ontology: shipped };
  const { root_absolute: _ } = await annotate(job);
  const out = join(folder, 'out-1');
  const truth = JSON.parse(await readFile(join(SCENES, 'instances.json'), 'utf8')) as Coco;
  const rows: string[][] = [];
  for (const { name, flags } of WAYS) {
    for (const half of [0, 1]) {
      const isChosen = (image: Coco['images'][number]) => truth.images.indexOf(image) % 2 === half;
      const file = join(folder, `half-${half}.json`);
      await writeFile(file, JSON.stringify(partOf(truth, isChosen)));
      const ontology = join(folder, 'tuned.yaml');
      await copyFile(shipped, ontology);
      const args = ['tune', out, '--truth', file, '--ontology', ontology, '--write', '-q', ...flags];
      const { code, stderr } = await preannotate(args);
      if (code !== 0) throw new Error(stderr);
      const others = partOf(truth, (image) => !isChosen(image));
      const [before, after] = [await countsWith(out, shipped, others), await countsWith(out, ontology, others)];
      const sets = drawSets(before.length, { count: RESAMPLES, seed: 1 });
      const gain = estimate(
        f1(after) - f1(before),
        sets.map((weights) => f1(after, weights) - f1(before, weights)),
      );
      rows.push([
        name,
        half === 0 ? 'even to odd' : 'odd to even',
        String(others.annotations.length),
        f1(before).toFixed(3),
        f1(after).toFixed(3),
        `${gain.value >= 0 ? '+' : ''}${gain.value.toFixed(3)} [${gain.low.toFixed(3)}, ${gain.high.toFixed(3)}]`,
      ]);
    }
  }
  printTable(
    'tune --for f1 on one half of the sample images: F1 on the other half, against the threshold of emoji.yaml for all',
    ['tune', 'halves', 'n', 'before', 'after', 'gain [95 %]'],
    rows,
  );
}

function partOf({ images, categories, annotations }: Coco, isChosen: (image: Coco['images'][number]) => boolean): Coco {
  const chosen = images.filter(isChosen);
  const ids = new Set(chosen.map(({ id }) => id));
  return { images: chosen, categories, annotations: annotations.filter((one) => ids.has(one.image_id)) };
}

/** What the thresholds of an ontology show in each image of a part of the ground truth. */
async function countsWith(out: string, file: string, { images, categories, annotations }: Coco): Promise<Counts[]> {
  const { journal, imageIds, ontology: ran } = await openRun(out);
  const { spec } = await loadOntology({ file });
  const { threshold = 0, classes } = buildOntology(spec);
  const selection = {
    thresholds: classes.map((one) => one.threshold ?? threshold),
    nmsIou: classes.map(() => 0.5),
    classAgnosticNms: false,
    maxDetections: 300,
  };
  const classIds = new Map(ran.classes.map(({ name }, classId) => [name, classId]));
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const counts: Counts[] = [];
  for await (const { name, stored } of new StoredImages(journal, imageIds, { ontology: ran, selection })) {
    const image = images.find((one) => one.file_name === name);
    if (image === undefined) continue;
    const objects = annotations
      .filter((one) => one.image_id === image.id)
      .map((one) => ({ classId: classIds.get(names.get(one.category_id)!)!, box: one.bbox }));
    const detections = select(stored, selection).map((one) => ({ ...one, box: xyxyToXywh(one.box) }));
    const work = [...workLeftByClass([{ objects, detections }]).values()];
    const sum = (of: (part: (typeof work)[number]) => number) => work.reduce((total, part) => total + of(part), 0);
    counts.push({
      right: sum(({ stay, adjust }) => stay + adjust),
      wrong: sum((part) => part.delete),
      missed: sum(({ draw }) => draw),
    });
  }
  return counts;
}

function f1(counts: readonly Counts[], weights?: ArrayLike<number>): number {
  let [right, others] = [0, 0];
  for (const [i, count] of counts.entries()) {
    const weight = weights?.[i] ?? 1;
    right += weight * count.right;
    others += weight * (count.wrong + count.missed);
  }
  return right === 0 ? 0 : (2 * right) / (2 * right + others);
}
