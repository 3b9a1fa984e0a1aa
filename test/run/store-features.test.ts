import { expect, it } from 'vitest';
import type { ImageFile, ImageOutcome } from '../../src/core/image.js';
import type { Job } from '../../src/job.js';
import { Progress } from '../../src/progress/bar.js';
import { storeFeatures } from '../../src/run-features.js';
import type { Engine } from '../../src/workers/engine.js';

const images = Array.from({ length: 40 }, (_, i): ImageFile => ({ name: `${i}.jpg` }));

/** Stores the features of 40 images. @returns what is printed, and how many images were asked for */
async function store(engine: Pick<Engine, 'detect' | 'status'>) {
  const printed: string[] = [];
  const progress = new Progress({ stream: process.stderr, quiet: true });
  progress.note = (message) => void printed.push(message);
  let asked = 0;
  const detect: Engine['detect'] = (...args) => {
    asked++;
    return engine.detect(...args);
  };
  await storeFeatures(images, {
    job: { ontology: {} } as Job,
    engine: { ...engine, detect, capacity: 4 } as Engine,
    progress,
    signal: new AbortController().signal,
  });
  return { printed, asked };
}

const failed = ({ name }: { name: string }): ImageOutcome => ({
  ok: false,
  name,
  failure: { code: 'IMAGE_UNREADABLE', message: `${name} is damaged.`, hint: '' },
});

it('images whose features could not be stored are counted, with the reason of the first', async () => {
  const { printed, asked } = await store({
    detect: (image) => Promise.resolve(failed(image as ImageFile)),
    status: () => ({ waiting: 0, workers: [] }),
  });
  expect(asked).toBe(40);
  expect(printed).toContain('The features of 40 annotated images could not be stored; the first: 0.jpg is damaged.');
});

it('ends when the folder cannot be written any more', async () => {
  let answered = 0;
  const { asked } = await store({
    detect: (image) => {
      answered++;
      return Promise.resolve(failed(image as ImageFile));
    },
    status: () => ({ waiting: 0, workers: [], cannotStore: answered >= 8 }),
  });
  expect(asked).toBeLessThan(16);
});
