import { expect, it } from 'vitest';
import { ImageRenderer } from '../../../src/workers/previews/image-renderer.js';

const never = () => Promise.reject(new Error('nobody asks for the image'));

it('a renderer that has ended, or a browser that has left, is told so at once', async () => {
  const renderer = new ImageRenderer();
  const left = AbortSignal.abort(new Error('left'));
  await expect(renderer.render(never, left)).rejects.toThrow('left');
  await renderer[Symbol.asyncDispose]();
  await expect(renderer.render(never, new AbortController().signal)).rejects.toThrow('the command is ending');
});
