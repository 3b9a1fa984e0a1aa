import { countBoxes } from '../../../shared/count.js';
import { boxesOfImage } from '../../app/accept.js';
import { openImage } from '../../app/address.js';
import { say, sayUnseen } from '../../app/announce.js';
import { current, order, pack, selectedBox } from '../../app/state.js';
import { describeBox } from '../../boxes/shown-box.js';
import { allBoxes, listedBoxes } from '../session/session.js';
import { viewport } from '../session/viewport.js';

/** Where the open image is in the order of the grid, counted from 0; -1: the filter leaves it out. */
export function positionOfCurrent(): number {
  return current.value === undefined ? -1 : order.value.indexOf(current.value);
}

/** The image that many steps on; an image that the filter leaves out is followed by the first one. */
export function imageAt(steps: number): number | undefined {
  const position = positionOfCurrent();
  return order.value[position === -1 ? 0 : position + steps];
}

/** @returns Whether there is one. */
export function goBy(steps: number, done = ''): boolean {
  const image = imageAt(steps);
  if (image === undefined) {
    say(`${done}${steps > 0 ? 'This is the last image.' : 'This is the first image.'}`);
    return false;
  }
  goTo(image, done);
  return true;
}

export function goTo(image: number, done = ''): void {
  openImage(image);
  say(`${done}${describeImage(image)}`);
}

export function describeImage(image: number): string {
  const count = boxesOfImage(image).filter(({ status }) => status !== 'rejected').length;
  return `${pack.value!.facts.images.names[image]!}: ${countBoxes(count)}.`;
}

/** Selects a box, and moves the view to it where it is not seen. */
export function selectBox(id: string | undefined): void {
  selectedBox.value = id;
  const boxes = listedBoxes.value;
  const index = boxes.findIndex((box) => box.id === id);
  const box = boxes[index];
  if (box === undefined) return;
  viewport.reveal(box.box);
  sayUnseen(`Box ${index + 1} of ${boxes.length}: ${describeBox(box)}.`);
}

export function selectBy(steps: number): void {
  const boxes = listedBoxes.value;
  if (boxes.length === 0) {
    say('This image has no boxes.');
    return;
  }
  const index = boxes.findIndex(({ id }) => id === selectedBox.value);
  const next = index === -1 ? (steps > 0 ? 0 : boxes.length - 1) : (index + steps + boxes.length) % boxes.length;
  selectBox(boxes[next]!.id);
}

/** Selects what comes after a box that is about to leave the list. */
export function neighbourOf(id: string): string | undefined {
  const boxes = listedBoxes.value;
  const index = boxes.findIndex((box) => box.id === id);
  return (boxes[index + 1] ?? boxes[index - 1])?.id;
}

/** Whether an id is among the boxes of the open image. */
export function isThere(id: string | undefined): boolean {
  return allBoxes.value.some((box) => box.id === id);
}
