/** The columns that this program writes. An image without boxes has a row in which those of a box are empty. */
export const COLUMNS = [
  ...['image', 'width', 'height'],
  ...['class', 'class_id', 'score', 'x1', 'y1', 'x2', 'y2', 'prompt'],
  'sha256', // of the image file
] as const;

/** Behind them, where people have decided on boxes: whose a box is. */
export const SOURCE_COLUMN = 'source';

/** Behind them, where the images are divided. */
export const PART_COLUMN = 'part';

export type Column = (typeof COLUMNS)[number] | typeof PART_COLUMN;

/** What other programs call them. */
const OTHER_NAMES: Readonly<Partial<Record<Column, readonly string[]>>> = {
  image: ['filename', 'file_name', 'image_path', 'path'],
  width: ['image_width'],
  height: ['image_height'],
  class: ['label', 'class_name', 'label_name', 'category'],
  score: ['confidence'],
  x1: ['xmin', 'x_min'],
  y1: ['ymin', 'y_min'],
  x2: ['xmax', 'x_max'],
  y2: ['ymax', 'y_max'],
  part: ['split', 'subset'],
};

/** Without these, a file is no list of boxes. */
const REQUIRED: readonly Column[] = ['image', 'class', 'x1', 'y1', 'x2', 'y2'];

/** Where each column is. */
export type ColumnPlaces = Readonly<Partial<Record<Column, number>>>;

/** Finds the columns by the first row of a file. @returns the names of those missing, where some are. */
export function placeColumns(header: readonly string[]): ColumnPlaces | readonly Column[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const places: Partial<Record<Column, number>> = {};
  for (const column of [...COLUMNS, PART_COLUMN] as const) {
    const place = names.findIndex((name) => name === column || OTHER_NAMES[column]?.includes(name));
    if (place !== -1) places[column] = place;
  }
  const missing = REQUIRED.filter((column) => places[column] === undefined);
  return missing.length === 0 ? places : missing;
}
