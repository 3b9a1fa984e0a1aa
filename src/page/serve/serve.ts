import {
  filterAbove,
  initialThresholdOf,
  toFoundBoxes,
  type FoundBox,
  type Info,
  type PromptedClass,
  type Size,
} from './answers.js';
import { fetchInfo, fetchPrediction, type ImageInput } from './api.js';
import { BoxList } from './box-list.js';
import { ClassFilter } from './class-filter.js';
import { colourOf } from '../shared/colours.js';
import { counted } from '../shared/count.js';
import { byId } from '../shared/dom.js';
import { listenForImages } from './image-input.js';
import { ImageStrip } from './image-strip.js';
import { currentApiKey } from './key.js';
import { PageError } from '../shared/page-error.js';
import { Picture } from './picture.js';
import { PromptEditor } from './prompt-editor.js';
import { toOntologyField } from './prompt-text.js';
import { ResultPanel } from './result-panel.js';
import { clearError, showBusy, showError, showStatus, showTiming } from './status.js';

/** The page, from images to boxes. The server is asked once per image; the threshold only filters its answer. */

/** The boxes of the open image. */
interface CurrentResult {
  readonly size: Size;
  readonly found: readonly FoundBox[]; // every box above the server's score_floor
  readonly classes: readonly PromptedClass[];
}

const threshold = byId('threshold', HTMLInputElement);
const thresholdShown = byId('threshold-shown', HTMLOutputElement);
const scoreFormat = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 5 });
const picture = new Picture(selectBox);
const boxList = new BoxList(selectBox);
const resultPanel = new ResultPanel();
const promptEditor = new PromptEditor(() => {
  results.clear();
  void annotate();
});

let info: Info | undefined;
let input: ImageInput | undefined;
let current: CurrentResult | undefined;
let running: AbortController | undefined;
let scoreAbove = Number(threshold.value); // the server's threshold may lie between two steps of the slider
let selected = -1; // index into the boxes above the threshold; a new threshold adds or removes boxes at the end only

const strip = new ImageStrip((image) => openImage(image));
const classFilter = new ClassFilter(() => show());
let images: readonly ImageInput[] = [];
const results = new Map<ImageInput, CurrentResult>(); // for the prompts as they are

listenForImages({ onImages: openImages, onNothing: (why) => showError(new PageError('No image', [why])) });
threshold.addEventListener('input', () => {
  setThreshold(Number(threshold.value));
  show();
});
byId('cancel', HTMLButtonElement).addEventListener('click', () => running?.abort());
void runExclusively(async (signal) => {
  await loadInfo(signal);
  showStatus(
    info?.needs_ontology === true
      ? 'Ready: write what to find, and choose an image.'
      : 'Ready: choose, drop or paste an image.',
  );
});

function openImages(given: readonly ImageInput[]): void {
  images = given;
  results.clear();
  strip.fill(given);
  openImage(given[0]!);
}

function openImage(image: ImageInput): void {
  input = image;
  current = undefined;
  selected = -1;
  byId('name', HTMLElement).textContent = image.name;
  byId('welcome', HTMLElement).hidden = true;
  strip.mark(images.indexOf(image));
  picture.open(image.name, 'file' in image ? image.file : undefined);
  show();
  showStatus('');
  const known = results.get(image);
  if (known === undefined) void annotate();
  else void runExclusively((signal) => showKnown(known, signal));
}

/** Shows an answer that was given before. */
async function showKnown(known: CurrentResult, signal: AbortSignal): Promise<void> {
  await picture.fit(known.size);
  signal.throwIfAborted();
  current = known;
  show();
}

function annotate(): Promise<void> {
  const image = input;
  if (image === undefined) {
    showStatus('Choose, drop or paste an image first.');
    return Promise.resolve();
  }
  return runExclusively(async (signal) => {
    const known = await loadInfo(signal);
    requireWithinLimit(image, known);
    const edited = promptEditor.read(known);
    if (known.needs_ontology && edited === undefined) throw noPromptsError();
    showStatus('Looking for objects…');
    clearResult(); // old boxes beside an error would seem to be its result
    const started = performance.now();
    const ontology = edited && { ontology: toOntologyField(edited, known) };
    const query = { image, scoreThreshold: known.score_floor, lines: edited?.lines ?? [], ...ontology };
    const { answer, stages } = await fetchPrediction(query, signal);
    const totalMs = performance.now() - started;
    await picture.fit(answer);
    signal.throwIfAborted();
    current = { size: answer, found: toFoundBoxes(answer), classes: edited?.classes ?? known.classes };
    results.set(image, current);
    show();
    showTiming(stages, totalMs);
    if (edited?.note !== undefined) showError(new PageError('Is the order of the prompts right?', [edited.note]));
    if (answer.degraded !== undefined) showError(new PageError('The image is damaged', [answer.degraded]));
  });
}

function clearResult(): void {
  current = undefined;
  selected = -1;
  show();
}

function noPromptsError(): PageError {
  return new PageError('No prompts are given', [
    'Write a prompt and its class under Prompts, such as a bottle: bottle',
  ]);
}

/** Runs one task at a time: a new one cancels the one in progress. */
async function runExclusively(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  clearError();
  showBusy(true);
  try {
    await task(controller.signal);
  } catch (error) {
    if (running !== controller) return;
    if (controller.signal.aborted) showStatus('Cancelled.');
    else showError(error);
  } finally {
    if (running === controller) {
      running = undefined;
      showBusy(false);
    }
  }
}

async function loadInfo(signal: AbortSignal): Promise<Info> {
  if (info !== undefined) return info;
  const loaded = await fetchInfo(signal, () => showStatus('The server is getting ready…'));
  info = loaded;
  byId('model', HTMLElement).textContent = loaded.model.reference;
  promptEditor.fill(loaded);
  threshold.min = String(Math.floor(loaded.score_floor * 100) / 100);
  threshold.value = String(initialThresholdOf(loaded));
  setThreshold(initialThresholdOf(loaded));
  // The browser sends no key when it follows a link, so the server would answer 401.
  byId('docs', HTMLElement).hidden = currentApiKey() !== undefined;
  return loaded;
}

function setThreshold(value: number): void {
  scoreAbove = value;
  const text = scoreFormat.format(value);
  thresholdShown.value = text;
  threshold.setAttribute('aria-valuetext', text);
}

/** A server that refuses a large body may cut the connection before the browser has read the reason. */
function requireWithinLimit(image: ImageInput, { server: { max_image_bytes: limit } }: Info): void {
  if (!('file' in image) || image.file.size <= limit) return;
  const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  throw new PageError('The image is too large', [
    `It has ${inMb(image.file.size)}; this server takes up to ${inMb(limit)}. Save it smaller, and try again.`,
  ]);
}

function selectBox(index: number): void {
  selected = index;
  show();
}

/** Shows the boxes above the threshold in the picture, the list and the result. */
function show(): void {
  const above = filterAbove(current?.found ?? [], scoreAbove);
  classFilter.show(above, current?.classes ?? []);
  const visible = above.filter((found) => classFilter.shows(found));
  if (selected >= visible.length) selected = -1;
  const indexOf = new Map(current?.classes.map(({ name }, index) => [name, index]));
  const drawn = visible.map((found) => ({ ...found, colour: colourOf(indexOf.get(found.label) ?? 0) }));
  picture.draw(drawn, selected);
  boxList.show(drawn, selected);
  showResult(visible);
}

function showResult(visible: readonly FoundBox[]): void {
  if (current === undefined || info === undefined || input === undefined) {
    resultPanel.show(undefined, undefined);
    return;
  }
  const { size, classes, found } = current;
  const { width, height } = size;
  const provenance = { version: info.preannotate, model: info.model.reference, date: new Date() };
  resultPanel.show({ name: input.name, width, height, found: visible, classes }, provenance);
  const count = counted(visible.length, 'box', 'boxes');
  showStatus(`${count} above ${thresholdShown.value}, of ${found.length} found.`);
}
