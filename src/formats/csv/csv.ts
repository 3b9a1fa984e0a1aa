import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { counted } from '../../core/text.js';
import { isFormula, toCell, toCsvLines } from '../csv-rows.js';
import type { AnnotationFormat, View } from '../format.js';
import { streamedFile, textFile } from '../view-folder/view-file.js';
import { writeView } from '../view-folder/write-view.js';
import { COLUMNS, PART_COLUMN } from './columns.js';
import { readCsv, recogniseCsv } from './read-csv.js';

const BOXES = 'boxes.csv';
const README = 'README.txt';

/**
 * CSV (RFC 4180, with LF): `boxes.csv` has a row for each box, and one for each image without boxes. A text that a
 * spreadsheet would compute has `'` before it; `README.txt` says so. Classes without a box are lost.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export const csv: AnnotationFormat = {
  title: 'CSV, a row for each box',
  form: 1,
  signature: README,
  opened: BOXES,
  recognise: recogniseCsv,
  read: readCsv,
  write: async (view) => {
    let quoted = 0;
    const files = [
      streamedFile(
        BOXES,
        writeRows(view, (count) => (quoted += count)),
      ),
      textFile(README, describeColumns(view)),
    ];
    return await writeView(view, README, { groups: [{ files }], notes: () => noteQuoted(quoted) });
  },
};

function noteQuoted(count: number): string[] {
  if (count === 0) return [];
  const texts = `${counted(count, 'text')} ${count === 1 ? 'begins' : 'begin'}`;
  return [`csv: ${texts} with a character at which spreadsheets compute: ' is put before it.`];
}

async function* writeRows(
  { images, ontology, parts }: View,
  onQuoted: (count: number) => void,
): AsyncGenerator<string> {
  yield toCsvLines([parts === undefined ? COLUMNS : [...COLUMNS, PART_COLUMN]]);
  for await (const image of images) {
    const end = image.part === undefined ? [] : [image.part];
    const rows = toRows(image, ontology).map((row) => [...row, ...end]);
    onQuoted(rows.flat().filter((value) => typeof value === 'string' && isFormula(value)).length);
    yield toCsvLines(rows.map((row) => row.map((value) => (typeof value === 'string' ? toCell(value) : value))));
  }
}

function toRows({ detections, ...image }: ViewImage, { classes, queries }: Ontology) {
  const start = [image.name, image.width, image.height];
  if (detections.length === 0) return [[...start, ...Array<undefined>(8).fill(undefined), image.sha256]];
  return detections.map(({ classId, queryId, score, box }) => {
    const { name, id } = classes[classId]!;
    return [...start, name, id, score, ...box, queries[queryId]!.prompt, image.sha256];
  });
}

function describeColumns({ provenance: { version }, parts }: View): string {
  const divided = parts === undefined ? '' : ' part is the part of the data set.';
  return [
    `Drafted by preannotate ${version}; to be corrected by people.`,
    '',
    `${BOXES} has a row for each box: x1, y1, x2 and y2 are pixels of the upright image, from its left and top edge.`,
    'An image in which nothing was found has a row without a box. image is relative to the folder of the images;',
    `sha256 is that of the image file.${divided}`,
    '',
    "Where a text begins with =, + - or @, there is a ' before it, so that spreadsheets do not compute it.",
    '',
  ].join('\n');
}
