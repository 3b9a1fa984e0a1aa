import type { Point } from './view.js';

/** What keys and buttons do with a view, and the keys. */

export type ViewAction = 'zoomIn' | 'zoomOut' | 'fit' | 'pan';

/** A `Viewport`, as far as it matters here. */
interface Movable {
  zoomBy(factor: number): void;
  fit(): void;
  pan(by: Point): boolean;
}

const STEP = 1.5;
const PAN_STEP = 64; // CSS pixels

export const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const;

/** As `KeyboardEvent.key`. */
export const VIEW_KEYS = {
  zoomIn: ['+', '='],
  zoomOut: ['-'],
  fit: ['0'],
  pan: ARROWS,
} as const satisfies Readonly<Record<ViewAction, readonly string[]>>;

/** @returns What each action does with this key. `pan` says whether there was more to see in that direction. */
export function viewActions(viewport: Movable) {
  return {
    zoomIn: () => viewport.zoomBy(STEP),
    zoomOut: () => viewport.zoomBy(1 / STEP),
    fit: () => viewport.fit(),
    pan: (key: string) => {
      const { x, y } = directionOf(key);
      return viewport.pan({ x: -x * PAN_STEP, y: -y * PAN_STEP });
    },
  } satisfies Readonly<Record<ViewAction, (key: string) => unknown>>;
}

/** Which way an arrow key points. */
export function directionOf(key: string): Point {
  const x = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  const y = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
  return { x, y };
}
