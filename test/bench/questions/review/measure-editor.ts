import type { Browser } from 'playwright-core';
import type { Detection } from '../../../../src/core/detection.js';
import { Random } from '../../../support/random.js';
import { openImage } from '../../../support/review/editor-page.js';
import { PackServer } from '../../../support/review/pack-server.js';
import { packOf } from '../../../support/review/packs.js';

const BOXES = 300;
const CLASSES = 8;
const FRAMES = 120;

/** Milliseconds from one frame to the next. */
export interface FrameTimes {
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
}

/** How smooth is the view of one image with 300 boxes, while it is zoomed and while it is moved? */
export async function measureEditor(
  browser: Browser,
): Promise<{ readonly zoom: FrameTimes; readonly pan: FrameTimes }> {
  await using server = await PackServer.open(packOf([manyBoxes()], { classes: CLASSES }));
  const visitor = await openImage(server.url, 1, browser, { viewport: { width: 1280, height: 800 } });
  const measure = async (event: string) => toFrameTimes(await visitor.evaluate<number[]>(framesDuring(event)));
  const at = 'clientX: 640, clientY: 400, bubbles: true, cancelable: true';
  const zoom = await measure(`new WheelEvent('wheel', { deltaY: frame < ${FRAMES / 2} ? -20 : 15, ${at} })`);
  await visitor.page.mouse.move(640, 400);
  await visitor.page.mouse.down();
  const pan = await measure(
    `new PointerEvent('pointermove', { pointerId: 1, clientX: 640 + (frame % 40), clientY: 400, bubbles: true })`,
  );
  await visitor.page.mouse.up();
  await visitor.close();
  return { zoom, pan };
}

function manyBoxes(): Detection[] {
  const generator = new Random(1);
  const place = (below: number) => Math.round(50 * below * (generator.uniform() + 1)) / 100;
  return Array.from({ length: BOXES }, (_, patchId): Detection => {
    const [x, y, classId] = [place(560), place(560), patchId % CLASSES];
    const box = [x, y, x + 10 + place(60), y + 10 + place(60)].map((value) => Math.round(value * 100) / 100);
    return { patchId, classId, queryId: classId, score: 0.2 + patchId / 1000, box: box as unknown as Detection['box'] };
  });
}

/** Sends an event in each frame, and takes the time until the next one. */
function framesDuring(event: string): string {
  return `new Promise((done) => {
    const stage = document.querySelector('.stage');
    const times = [];
    let [frame, last] = [0, 0];
    const step = (now) => {
      if (frame > 1) times.push(now - last);
      last = now;
      stage.dispatchEvent(${event});
      if (++frame < ${FRAMES}) requestAnimationFrame(step);
      else done(times);
    };
    requestAnimationFrame(step);
  })`;
}

function toFrameTimes(times: readonly number[]): FrameTimes {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]!;
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}
