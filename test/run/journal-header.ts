import type { JournalHeader } from '../../src/run/header.js';

/** The header of a journal of one class. */
export const header: JournalHeader = {
  journal: 1,
  preannotate: '0.0.0',
  created: '2026-01-01T00:00:00.000Z',
  model: { reference: 'builtin:emoji', sha256: 'ab', key: 'cd' },
  ontology: { templates: [], classes: [{ name: 'dog', id: 1, prompts: ['a dog'], threshold: 0.2 }], ignore: [] },
  options: {
    precision: 'fp32',
    image_size: 'native',
    score_floor: 0.05,
    max_stored: 300,
    max_pixels: 1e8,
    max_bytes: 1e8,
    strict_images: false,
    allow_truncate: false,
  },
};
