import type { ImageInput } from './api.js';
import { byId } from '../shared/dom.js';

/** An image is chosen, dropped, pasted or given by its URL. */
export interface ImageInputHandlers {
  readonly onImages: (images: readonly ImageInput[]) => void; // one or several
  readonly onNothing: (why: string) => void;
}

export function listenForImages({ onImages, onNothing }: ImageInputHandlers): void {
  const take = (files: readonly File[]) =>
    onImages(files.map((file) => ({ name: file.name === '' ? 'pasted image' : file.name, file })));
  listenForChoice(take);
  listenForUrl(onImages);
  listenForExamples(onImages);
  listenForDrop(take, onNothing);
  document.addEventListener('paste', (event) => {
    const file = firstImageIn(event.clipboardData);
    if (file === undefined) return; // text, which the browser pastes at the cursor
    event.preventDefault();
    take([file]);
  });
}

function listenForChoice(take: (files: readonly File[]) => void): void {
  const chooser = byId('file', HTMLInputElement);
  chooser.addEventListener('change', () => {
    const files = [...(chooser.files ?? [])];
    if (files.length > 0) take(files);
    chooser.value = ''; // so that choosing the same file again fires `change`
  });
}

/** Sample images of the server. */
function listenForExamples(onImages: ImageInputHandlers['onImages']): void {
  byId('examples', HTMLElement).addEventListener('click', ({ target }) => {
    const name = target instanceof Element ? target.closest('button')?.dataset['name'] : undefined;
    if (name === undefined) return;
    void fetch(`page/${name}`)
      .then(async (response) => onImages([{ name, file: await response.blob() }]))
      .catch(() => {}); // the server is gone: the next request says so
  });
}

function listenForUrl(onImages: ImageInputHandlers['onImages']): void {
  const url = byId('url', HTMLInputElement);
  byId('url-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const address = url.value.trim();
    onImages([{ name: fileNameOf(address), url: address }]);
  });
}

function listenForDrop(take: (files: readonly File[]) => void, onNothing: ImageInputHandlers['onNothing']): void {
  const mark = (isOver: boolean) => document.body.classList.toggle('dropping', isOver);
  document.addEventListener('dragover', (event) => {
    if (isTextForField(event)) return;
    event.preventDefault(); // else the browser would leave the page for the file
    mark(true);
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) mark(false); // the pointer has left the window
  });
  document.addEventListener('drop', (event) => {
    mark(false);
    if (isTextForField(event)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) onNothing('What was dropped holds no file. Save the image first, or give its URL.');
    else take(files);
  });
}

/** Text that is dragged into a field is left to the browser. */
function isTextForField({ target, dataTransfer }: DragEvent): boolean {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return isField && dataTransfer?.types.includes('Files') === false;
}

function firstImageIn(data: DataTransfer | null): File | undefined {
  return [...(data?.files ?? [])].find(({ type }) => type.startsWith('image/'));
}

/** The last part of the path. */
function fileNameOf(address: string): string {
  try {
    const last = new URL(address).pathname.split('/').at(-1) ?? '';
    return last === '' ? 'image' : decodeURIComponent(last);
  } catch {
    return 'image';
  }
}
