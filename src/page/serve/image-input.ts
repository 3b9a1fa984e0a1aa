import type { ImageInput } from './api.js';
import { byId } from '../shared/dom.js';

/** An image is chosen, dropped, pasted or given by its URL. */
export interface ImageInputHandlers {
  readonly onImage: (source: ImageInput) => void;
  readonly onNothing: (why: string) => void;
}

export function listenForImages({ onImage, onNothing }: ImageInputHandlers): void {
  const take = (file: File) => onImage({ name: file.name === '' ? 'pasted image' : file.name, file });
  listenForChoice(take);
  listenForUrl(onImage);
  listenForDrop(take, onNothing);
  document.addEventListener('paste', (event) => {
    const file = firstImageIn(event.clipboardData);
    if (file === undefined) return; // text, which the browser pastes at the cursor
    event.preventDefault();
    take(file);
  });
}

function listenForChoice(take: (file: File) => void): void {
  const chooser = byId('file', HTMLInputElement);
  chooser.addEventListener('change', () => {
    const file = chooser.files?.[0];
    if (file !== undefined) take(file);
    chooser.value = ''; // so that choosing the same file again fires `change`
  });
}

function listenForUrl(onImage: ImageInputHandlers['onImage']): void {
  const url = byId('url', HTMLInputElement);
  byId('url-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const address = url.value.trim();
    onImage({ name: fileNameOf(address), url: address });
  });
}

function listenForDrop(take: (file: File) => void, onNothing: ImageInputHandlers['onNothing']): void {
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
    const file = event.dataTransfer?.files[0];
    if (file === undefined) onNothing('What was dropped holds no file. Save the image first, or give its URL.');
    else take(file);
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
