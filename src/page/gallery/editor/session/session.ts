import { computed, signal } from '@preact/signals';
import type { Xyxy } from '../../../../core/box.js';
import { boxesOfImage } from '../../app/accept.js';
import { backend, classIndexByName, current, pack, selectedBox } from '../../app/state.js';
import type { ShownBox } from '../../boxes/shown-box.js';

/** What the editor shows besides the state of the page. */

export const isDrawing = signal(false); // a drag draws a box
export const areBoxesShown = signal(true);
export const areLabelsShown = signal(true);
export const areRejectedShown = signal(false);
export const openDialog = signal<'keys' | 'class' | undefined>(undefined);

/** A box while a pointer has hold of it; it is saved when it is let go. `id` undefined: it is being drawn. */
export const held = signal<{ readonly id: string | undefined; readonly box: Xyxy } | undefined>(undefined);

/** The class of the box that is drawn next. */
export const drawnClass = signal(0);

/** All boxes of the open image, rejected ones too. */
export const allBoxes = computed((): readonly ShownBox[] => {
  const image = current.value;
  if (image === undefined) return [];
  return boxesOfImage(image);
});

/** Those that are listed. */
export const listedBoxes = computed(() => {
  const isListed = ({ status, id }: ShownBox) =>
    areRejectedShown.value || status !== 'rejected' || id === selectedBox.value;
  return allBoxes.value.filter(isListed).map(withoutOtherPrompt);
});

/** The prompt and the score of a box are about the class that the model gave it. */
function withoutOtherPrompt(box: ShownBox): ShownBox {
  if (box.status !== 'corrected' || modelClassOf(box) === box.class) return box;
  const { prompt: _, score: __, ...others } = box;
  return others;
}

export const selected = computed(() => allBoxes.value.find(({ id }) => id === selectedBox.value));

/** The class that the model found a box by. */
export function modelClassOf({ prompt }: ShownBox): string | undefined {
  const { classes, prompts } = pack.value!.facts;
  const found = prompts.find(({ text, class: index }) => text === prompt && index !== -1);
  return found === undefined ? undefined : classes[found.class]!.name;
}

/** A class that is no longer in the ontology has no number. */
export function classNumberOf(name: string): number {
  return classIndexByName.value.get(name) ?? pack.value!.facts.classes.length;
}

/** Address of the picture that is shown, or of which it is known why it is not. */
export const settledPicture = signal<string | undefined>(undefined);

/** Whether the open image can be judged: its picture is there, or there is none. */
export function isPictureSettled(): boolean {
  const id = pack.value?.facts.images.ids[current.value ?? -1];
  const url = id === undefined ? '' : backend.value?.imageUrl(id);
  return url === '' || (url !== undefined && settledPicture.value === url);
}
