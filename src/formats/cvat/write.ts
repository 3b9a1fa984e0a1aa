import type { ViewImage } from '../../core/image.js';
import type { View } from '../format.js';
import { describeOrigin, noteUnmarked } from '../origin.js';
import { streamedFile, textFile } from '../view-folder/view-file.js';
import { writeView } from '../view-folder/write-view.js';
import { fitsXml, toXmlName, XmlEscaper } from '../xml/escape.js';
import { EscapedTexts } from '../xml/escaped-texts.js';

export const ANNOTATIONS = 'annotations.xml';

/** What CVAT keeps of a box beyond its place, where the label declares it. */
export const SCORE = 'score';
export const PROMPT = 'prompt';

/** Of an image whose name XML cannot hold; CVAT ignores it. */
export const ORIGINAL_NAME = 'original_name';

const DECIMALS = 2; // what CVAT itself writes

const HOW_TO_IMPORT =
  'cvat/labels.json declares the labels with their attributes: paste it under "Raw" when you create the task in ' +
  'CVAT, and upload cvat/annotations.xml as "CVAT 1.1". Scores and prompts are kept only where labels declare them.';

const REVIEW_LOST =
  'cvat: annotations.xml does not say which images were accepted; boxes that people decided on have the source manual.';

/** Writes `annotations.xml`, and the labels in the form that CVAT takes when a task is created. */
export async function writeCvat(view: View): Promise<string[]> {
  const escaper = new XmlEscaper();
  const files = [
    streamedFile(ANNOTATIONS, writeAnnotations(view, escaper)),
    textFile('labels.json', formatLabels(sortedNames(view))),
  ];
  const notes = () => [...escaper.notes('cvat'), ...noteUnmarked(REVIEW_LOST, view)];
  const content = { groups: [{ files }], firstNotes: [HOW_TO_IMPORT], notes };
  return await writeView(view, ANNOTATIONS, content);
}

function sortedNames({ ontology }: View): string[] {
  return [...ontology.classes].sort((a, b) => a.id - b.id).map(({ name }) => name);
}

/** One image at a time is in memory. Images are numbered as CVAT sorts the files of a task. */
async function* writeAnnotations(view: View, escaper: XmlEscaper): AsyncGenerator<string> {
  let size = 0;
  for await (const _ of view.images) size++;
  yield formatHead(view, size, escaper);
  const texts = new EscapedTexts(view.ontology, escaper);
  let id = 0;
  for await (const image of view.images) {
    const { name, width, height } = image;
    const held = escaper.escape(name);
    const original = fitsXml(name) ? '' : ` ${ORIGINAL_NAME}="${escaper.escape(toXmlName(name))}"`;
    const subset = image.part === undefined ? '' : ` subset="${image.part}"`;
    const open = `  <image id="${id++}" name="${held}"${original}${subset} width="${width}" height="${height}">\n`;
    yield `${open}${formatBoxes(image, texts)}  </image>\n`;
  }
  yield '</annotations>\n';
}

/** CVAT calls what people have made manual. */
function formatBoxes({ detections }: ViewImage, texts: EscapedTexts): string {
  const boxes = detections.map((detection) => {
    const { classId, score, box, review } = detection;
    const source = review === undefined ? 'auto' : 'manual';
    const [xtl, ytl, xbr, ybr] = box.map((value) => value.toFixed(DECIMALS));
    const place = `xtl="${xtl}" ytl="${ytl}" xbr="${xbr}" ybr="${ybr}"`;
    return `    <box label="${texts.classes[classId]!}" source="${source}" occluded="0" ${place} z_order="0">
      <attribute name="${SCORE}">${score}</attribute>
      <attribute name="${PROMPT}">${texts.promptOf(detection) ?? ''}</attribute>
    </box>
`;
  });
  return boxes.join('');
}

function formatHead(view: View, size: number, escaper: XmlEscaper): string {
  const attribute = (name: string) => `            <attribute>
              <name>${name}</name>
              <mutable>False</mutable>
              <input_type>text</input_type>
              <default_value></default_value>
              <values></values>
            </attribute>
`;
  const labels = sortedNames(view).map((name) => {
    return `        <label>
          <name>${escaper.escape(name)}</name>
          <attributes>
${attribute(SCORE)}${attribute(PROMPT)}          </attributes>
        </label>
`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${describeOrigin(view)} -->
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>preannotate</name>
      <size>${size}</size>
      <mode>annotation</mode>
      <overlap>0</overlap>
      <labels>
${labels.join('')}      </labels>
    </task>
  </meta>
`;
}

/** What the label editor of CVAT takes as raw text. */
function formatLabels(names: readonly string[]): string {
  const attributes = [SCORE, PROMPT].map((name) => {
    return { name, mutable: false, input_type: 'text', default_value: '', values: [''] };
  });
  return `${JSON.stringify(
    names.map((name) => ({ name, attributes })),
    null,
    2,
  )}\n`;
}
