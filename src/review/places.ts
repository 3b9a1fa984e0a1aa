import type { ReviewServer } from './review-server.js';

/** Where what is reviewed comes from, and what Keep would write to; for people at the page. */
export function listPlaces({ session, rerun }: Pick<ReviewServer, 'session' | 'rerun'>): [label: string, at: string][] {
  const { ontology } = rerun;
  return [
    ['Output folder', session.outDir],
    ['Images', session.imageRoot ?? 'remote'],
    ['Ontology', 'file' in ontology ? ontology.file : ontology.noFile],
  ];
}
