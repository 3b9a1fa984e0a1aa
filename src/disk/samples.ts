import { fileURLToPath } from 'node:url';

/** Pictures of 1 to 1.5 megapixels that come with the package: absolute paths. */
export const SAMPLES = ['scene-07.jpg', 'scene-08.jpg', 'scene-09.jpg'].map((name) =>
  fileURLToPath(new URL(`../../fixtures/scenes/${name}`, import.meta.url)),
);

/** What is to be seen in them, each class with a prompt that builtin:emoji knows. */
export const SAMPLE_CLASSES = [
  ...['bottle=a photo of a bottle', 'cup=a photo of a cup', 'birthday cake=a photo of a birthday cake'],
  ...['hamburger=a photo of a hamburger', 'apple=a photo of an apple', 'banana=a photo of a banana'],
  ...['grapes=a photo of grapes', 'lemon=a photo of a lemon', 'owl=a photo of an owl'],
  ...['train=a photo of a train', 'scissors=a photo of scissors'],
];
