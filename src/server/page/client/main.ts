import { above, firstThreshold, foundOf, type Found, type Info, type PromptedClass, type Size } from './answers.js';
import { askInfo, askPredict, type Source } from './api.js';
import { BoxList } from './box-list.js';
import { colourOf } from './colours.js';
import { byId } from './dom.js';
import { listenForImages } from './intake.js';
import { apiKey } from './key.js';
import { Picture } from './picture.js';
import { Problem } from './problems.js';
import { PromptEditor } from './prompt-editor.js';
import { ontologyField } from './prompts.js';
import { Result } from './result.js';
import { clearProblem, say, sayBusy, sayProblem, sayTiming } from './status.js';

/** The page, from images in to boxes out. The server is asked once an image; the threshold only filters what it said. */

/** What was found in the image that is open. */
interface Shown {
  readonly size: Size;
  readonly found: readonly Found[]; // everything above the floor
  readonly classes: readonly PromptedClass[];
}

const threshold = byId('threshold', HTMLInputElement);
const thresholdShown = byId('threshold-shown', HTMLOutputElement);
const decimals = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 5 });
const picture = new Picture(select);
const list = new BoxList(select);
const result = new Result();
const prompts = new PromptEditor(() => void run());

let info: Info | undefined;
let source: Source | undefined;
let shown: Shown | undefined;
let running: AbortController | undefined;
let scoreAbove = Number(threshold.value); // the server's may lie between two steps of the slider
let selected = -1; // index into what is above the threshold, which only loses or gains at its end

listenForImages({ onImage: open, onNothing: (why) => sayProblem(new Problem('No image', [why])) });
threshold.addEventListener('input', () => {
  setThreshold(Number(threshold.value));
  show();
});
byId('cancel', HTMLButtonElement).addEventListener('click', () => running?.abort());
void work(async (signal) => {
  await theInfo(signal);
  say('Ready: choose, drop or paste an image.');
});

function open(image: Source): void {
  source = image;
  shown = undefined;
  selected = -1;
  byId('name', HTMLElement).textContent = image.name;
  byId('welcome', HTMLElement).hidden = true;
  picture.open(image.name, 'file' in image ? image.file : undefined);
  show();
  say('');
  void run();
}

function run(): Promise<void> {
  const image = source;
  if (image === undefined) {
    say('Choose, drop or paste an image first.');
    return Promise.resolve();
  }
  return work(async (signal) => {
    const known = await theInfo(signal);
    assertModest(image, known);
    const edited = prompts.read(known);
    say('Looking for objects…');
    const started = performance.now();
    const ontology = edited && { ontology: ontologyField(edited, known) };
    const question = { source: image, scoreThreshold: known.score_floor, lines: edited?.lines ?? [], ...ontology };
    const { answer, stages } = await askPredict(question, signal);
    const totalMs = performance.now() - started;
    await picture.fit(answer);
    signal.throwIfAborted();
    shown = { size: answer, found: foundOf(answer), classes: edited?.classes ?? known.classes };
    selected = -1;
    show();
    sayTiming(stages, totalMs);
    if (answer.degraded !== undefined) sayProblem(new Problem('The image is damaged', [answer.degraded]));
  });
}

/** Does one thing at a time: what was under way ends. */
async function work(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  clearProblem();
  sayBusy(true);
  try {
    await task(controller.signal);
  } catch (error) {
    if (running !== controller) return;
    if (controller.signal.aborted) say('Cancelled.');
    else sayProblem(error);
  } finally {
    if (running === controller) {
      running = undefined;
      sayBusy(false);
    }
  }
}

async function theInfo(signal: AbortSignal): Promise<Info> {
  if (info !== undefined) return info;
  const asked = await askInfo(signal, () => say('The server is getting ready…'));
  info = asked;
  byId('model', HTMLElement).textContent = asked.model.reference;
  prompts.fill(asked);
  threshold.min = String(Math.floor(asked.score_floor * 100) / 100);
  threshold.value = String(firstThreshold(asked));
  setThreshold(firstThreshold(asked));
  // Following a link sends no key, so that it would lead to a refusal.
  byId('docs', HTMLElement).hidden = apiKey() !== undefined;
  return asked;
}

function setThreshold(value: number): void {
  scoreAbove = value;
  const text = decimals.format(value);
  thresholdShown.value = text;
  threshold.setAttribute('aria-valuetext', text);
}

/** A server that refuses a large body may cut the connection before the browser has read why. */
function assertModest(image: Source, { server: { max_image_bytes: limit } }: Info): void {
  if (!('file' in image) || image.file.size <= limit) return;
  const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  throw new Problem('The image is too large', [
    `It has ${inMb(image.file.size)}; this server takes up to ${inMb(limit)}. Save it smaller, and try again.`,
  ]);
}

function select(index: number): void {
  selected = index;
  show();
}

/** Puts what is above the threshold on the page. */
function show(): void {
  const visible = above(shown?.found ?? [], scoreAbove);
  if (selected >= visible.length) selected = -1;
  const indexOf = new Map(shown?.classes.map(({ name }, index) => [name, index]));
  const drawn = visible.map((found) => ({ ...found, colour: colourOf(indexOf.get(found.label) ?? 0) }));
  picture.draw(drawn, selected);
  list.show(drawn, selected);
  showResult(visible);
}

function showResult(visible: readonly Found[]): void {
  if (shown === undefined || info === undefined || source === undefined) {
    result.show(undefined, undefined);
    return;
  }
  const { size, classes, found } = shown;
  const { width, height } = size;
  const origin = { version: info.preannotate, model: info.model.reference, date: new Date() };
  result.show({ name: source.name, width, height, found: visible, classes }, origin);
  const count = visible.length === 1 ? '1 box' : `${visible.length} boxes`;
  say(`${count} above ${thresholdShown.value}, of ${found.length} found.`);
}
