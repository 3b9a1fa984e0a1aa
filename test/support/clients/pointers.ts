import type { CDPSession } from 'playwright-core';
import type { Visitor } from './browser.js';

/** A point of the page, in CSS pixels. */
export type Place = [x: number, y: number];

export async function drag({ page: { mouse } }: Visitor, from: Place, to: Place): Promise<void> {
  await mouse.move(...from);
  await mouse.down();
  await mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
  await mouse.move(...to);
  await mouse.up();
}

export async function swipe(touch: CDPSession, [from, to]: readonly [Place, Place]): Promise<void> {
  const points = ([x, y]: Place) => ({ touchPoints: [{ x, y }] });
  const middle: Place = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', ...points(from) });
  for (const place of [middle, to])
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...points(place) });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

/** Two fingers go apart. */
export async function pinch(touch: CDPSession, [x, y]: Place): Promise<void> {
  const apart = (by: number) => ({
    touchPoints: [
      { x: x - by, y, id: 0 },
      { x: x + by, y, id: 1 },
    ],
  });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', ...apart(20) });
  for (const by of [30, 40, 50]) await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...apart(by) });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}
