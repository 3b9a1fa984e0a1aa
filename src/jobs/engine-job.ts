import { resolve } from 'node:path';
import { findOntologySource, requireOntologySource, pickSettings, type Loaded } from '../config/load.js';
import { loadOntology, type LoadedOntology } from '../config/ontology/load-ontology.js';
import type { EngineConfig } from '../config/schema.js';
import { resolveSelection, selectionOf, type StatedSelection } from '../config/selection.js';
import { buildOntology } from '../core/ontology.js';
import { WORKER_OPTIONS } from '../workers/protocol.js';
import type { EngineJob } from '../workers/start-engine.js';

/** Detections kept per image: enough for every threshold that is likely to be chosen later. */
const MIN_STORED_DETECTIONS = { whole: 300, tiled: 3000 }; // images that are cut into tiles are those with many objects

/** Of a server whose clients say what to look for. */
const NO_ONTOLOGY: LoadedOntology = {
  spec: { templates: [], classes: [], ignore: [] },
  places: { whole: 'the ontology', byLabel: {} },
  folder: '.',
  notes: [],
};

/** The part of a job that `run` and `serve` have in common. */
export async function createEngineJob(
  loaded: Loaded<EngineConfig>,
  { needsOntology = true } = {}, // clients of a server may send theirs
): Promise<EngineJob & { readonly statedSelection: StatedSelection }> {
  const { settings } = loaded;
  const statedSelection = selectionOf(loaded);
  const source = needsOntology ? requireOntologySource(loaded) : findOntologySource(loaded);
  const { spec, places, folder, notes } = source === undefined ? NO_ONTOLOGY : await loadOntology(source);
  const ontology = buildOntology(spec);
  const selection = resolveSelection(statedSelection, ontology);
  const { minObjectness = 0, ...workerSettings } = pickSettings(settings, WORKER_OPTIONS);
  return {
    ontology,
    places,
    ontologyNotes: notes,
    exampleFolder: resolve(folder),
    allowTruncate: settings.allowTruncate,
    devices: settings.devices,
    precision: settings.precision,
    placement: pickSettings(settings, ['workersPerDevice', 'threads', 'maxBatchSize']),
    form: pickSettings(settings, ['fit', 'positions']),
    worker: {
      ...workerSettings,
      ...(minObjectness === 0 ? {} : { minObjectness }), // 0 is off: it leaves out nothing
      maxDetections: settings.tiles === undefined ? MIN_STORED_DETECTIONS.whole : MIN_STORED_DETECTIONS.tiled,
    },
    selection,
    statedSelection,
  };
}
