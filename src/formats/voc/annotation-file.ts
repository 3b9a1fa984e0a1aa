import type { ViewImage } from '../../core/image.js';
import type { EscapedTexts } from '../xml/escaped-texts.js';
import { toInclusive } from './boxes.js';

/** What `source/annotation` says of our own files, so that no reader has to guess. */
export const STATED_RULE = '1-based inclusive pixels, drafted by preannotate';

export const IMAGE_FOLDER = 'JPEGImages';

/** Where an image is. */
interface Places {
  readonly filename: string; // below JPEGImages, for XML
  readonly original: string | undefined; // its name, where it has another one in the view
}

/**
 * The XML of one image. Score and prompt of a box, and that a person has decided on it, are attributes as CVAT and
 * Datumaro write them; other readers skip them.
 */
export function formatAnnotation(image: ViewImage, { filename, original }: Places, texts: EscapedTexts): string {
  const { width, height, detections } = image;
  const objects = detections.map((detection) => formatObject(detection, image, texts));
  return `<?xml version="1.0" encoding="UTF-8"?>
<annotation>
  <folder>${IMAGE_FOLDER}</folder>
  <filename>${filename}</filename>
${original === undefined ? '' : `  <path>${original}</path>\n`}  <source>
    <database>Unknown</database>
    <annotation>${STATED_RULE}</annotation>
    <image>Unknown</image>
  </source>
  <size>
    <width>${width}</width>
    <height>${height}</height>
    <depth>3</depth>
  </size>
  <segmented>0</segmented>
${objects.join('')}</annotation>
`;
}

function formatObject(detection: ViewImage['detections'][number], image: ViewImage, texts: EscapedTexts): string {
  const { classId, score, box, review } = detection;
  const prompt = texts.promptOf(detection);
  const [xmin, ymin, xmax, ymax] = toInclusive(box, image);
  const isTruncated = xmin === 1 || ymin === 1 || xmax === image.width || ymax === image.height;
  const attributes =
    formatAttribute('score', String(score)) +
    (prompt === undefined ? '' : formatAttribute('prompt', prompt)) +
    (review === undefined ? '' : formatAttribute('source', 'reviewed'));
  return `  <object>
    <name>${texts.classes[classId]!}</name>
    <pose>Unspecified</pose>
    <truncated>${isTruncated ? 1 : 0}</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>${xmin}</xmin>
      <ymin>${ymin}</ymin>
      <xmax>${xmax}</xmax>
      <ymax>${ymax}</ymax>
    </bndbox>
    <attributes>
${attributes}    </attributes>
  </object>
`;
}

function formatAttribute(name: string, value: string): string {
  return `      <attribute>
        <name>${name}</name>
        <value>${value}</value>
      </attribute>
`;
}
