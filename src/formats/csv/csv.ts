import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { promptOf } from '../../core/review/view-box.js';
import { counted } from '../../core/text.js';
import { isFormula, toCell, toCsvLines } from '../csv-rows.js';
import type { AnnotationFormat, View } from '../format.js';
import { describeOrigin } from '../origin.js';
import { streamedFile, textFile } from '../view-folder/view-file.js';
import { writeView } from '../view-folder/write-view.js';
import { COLUMNS, PART_COLUMN, SOURCE_COLUMN } from './columns.js';
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
  { images, ontology, parts, hasReview = false }: View,
  onQuoted: (count: number) => void,
): AsyncGenerator<string> {
  const ofReview = hasReview ? [SOURCE_COLUMN] : [];
  yield toCsvLines([[...COLUMNS, ...ofReview, ...(parts === undefined ? [] : [PART_COLUMN])]]);
  for await (const image of images) {
    const end = image.part === undefined ? [] : [image.part];
    const rows = toRows(image, ontology).map(({ row, source }) => [...row, ...(hasReview ? [source] : []), ...end]);
    onQuoted(rows.flat().filter((value) => typeof value === 'string' && isFormula(value)).length);
    yield toCsvLines(rows.map((row) => row.map((value) => (typeof value === 'string' ? toCell(value) : value))));
  }
}

function toRows({ detections, ...image }: ViewImage, ontology: Ontology) {
  const start = [image.name, image.width, image.height];
  if (detections.length === 0) {
    const row = [...start, ...Array<undefined>(8).fill(undefined), image.sha256];
    return [{ row, source: image.isAccepted === true ? 'reviewed' : 'auto' }];
  }
  return detections.map((detection) => {
    const { classId, score, box, review } = detection;
    const { name, id } = ontology.classes[classId]!;
    const row = [...start, name, id, score, ...box, promptOf(detection, ontology), image.sha256];
    return { row, source: review === undefined ? 'auto' : 'reviewed' };
  });
}

function describeColumns(view: View): string {
  const { provenance, parts, hasReview = false } = view;
  const reviewed = hasReview
    ? [`${SOURCE_COLUMN} is "reviewed" where a person has decided on the box, whose score is 1 then, or on an image`]
    : [];
  const divided = parts === undefined ? '' : ' part is the part of the data set.';
  return [
    `${describeOrigin(view, provenance.version)}.`,
    '',
    `${BOXES} has a row for each box: x1, y1, x2 and y2 are pixels of the upright image, from its left and top edge.`,
    'An image in which nothing was found has a row without a box. image is relative to the folder of the images;',
    `sha256 is that of the image file.${divided}`,
    ...reviewed,
    ...(hasReview ? ['without boxes. Boxes that a person has drawn have no prompt.'] : []),
    '',
    "Where a text begins with =, + - or @, there is a ' before it, so that spreadsheets do not compute it.",
    '',
  ].join('\n');
}
