import { useEffect, useRef } from 'preact/hooks';
import { backend, current, pack } from '../app/state.js';
import { handleKey } from './actions/handle-key.js';
import { imageAt } from './actions/navigate.js';
import { Announcements } from './panel/announcements.js';
import { BoxList } from './panel/box-list.js';
import { ClassPicker } from './panel/class-picker.js';
import { BoxBar, Toolbar } from './panel/toolbar.js';
import { isDrawing } from './session/session.js';
import type { PictureSource } from './stage/picture.js';
import { Stage } from './stage/stage.js';

/** The image that is open, with its boxes: for looking closely and correcting. */
export function Editor() {
  const image = current.value!;
  const source = sourceOf(image);
  const root = useRef<HTMLElement>(null);

  // Keys work wherever the focus is in the editor, and only there.
  useEffect(() => {
    root.current!.querySelector<HTMLElement>('.stage')!.focus({ preventScroll: true });
    return () => {
      isDrawing.value = false;
    };
  }, []);
  useEffect(() => preload([imageAt(1), imageAt(-1)]), [image]);

  return (
    <section ref={root} class="editor" aria-label={source.name} tabIndex={-1} onKeyDown={handleKey}>
      <Toolbar name={source.name} />
      <Stage source={source} />
      <BoxList />
      <BoxBar />
      <Announcements />
      <ClassPicker />
    </section>
  );
}

function sourceOf(image: number): PictureSource {
  const { ids, names, widths, heights } = pack.value!.facts.images;
  return {
    url: backend.value!.imageUrl(ids[image]!),
    name: names[image]!,
    width: widths[image]!,
    height: heights[image]!,
  };
}

/** Has the browser load and decode the images that are likely to come next. */
function preload(images: readonly (number | undefined)[]): () => void {
  const loaded = images.flatMap((image) => {
    const url = image === undefined ? undefined : sourceOf(image).url;
    if (url === undefined || url === '') return [];
    const element = new Image();
    element.decoding = 'async';
    element.src = url;
    return element;
  });
  return () => {
    for (const element of loaded) element.src = '';
  };
}
