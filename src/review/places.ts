import type { ReviewServer } from './review-server.js';

/** Where what is reviewed comes from, and what Keep would write to; for people at the page. */
export function listPlaces({ session, again }: Pick<ReviewServer, 'session' | 'again'>): [label: string, at: string][] {
  const { ontology } = again;
  return [
    ['Output folder', session.outDir],
    ['Images', session.imageRoot ?? 'remote'],
    ['Ontology', 'file' in ontology ? ontology.file : ontology.noFile],
  ];
}
