import { ontologySourceOf, type Loaded } from '../../config/load.js';
import { loadOntology } from '../../config/ontology/load-ontology.js';
import type { RunConfig, ServeConfig } from '../../config/schema.js';
import { resolveSelection, selectionOf, type StatedSelection } from '../../config/selection.js';
import { ontologyOf } from '../../core/ontology.js';
import type { EngineJob } from '../../workers/start-engine.js';

/** Detections of an image that are kept: enough for every threshold that anyone would choose later. */
const LEAST_KEPT = { whole: 300, tiled: 3000 }; // images that are cut into tiles are those with many objects

/** What `run` and `serve` are asked for alike. */
export async function engineJobOf(
  loaded: Loaded<typeof RunConfig | typeof ServeConfig>,
): Promise<EngineJob & { readonly statedSelection: StatedSelection }> {
  const { settings } = loaded;
  const statedSelection = selectionOf(loaded);
  const { spec, whereOf, folder: exampleFolder } = await loadOntology(ontologySourceOf(loaded));
  const { devices, workersPerDevice, threads, maxBatchSize } = settings;
  const { scoreFloor, maxPixels, maxBytes, strictImages, optimizer, imageSize, tiles } = settings;
  const ontology = ontologyOf(spec);
  return {
    ontology,
    whereOf,
    exampleFolder,
    allowTruncate: settings.allowTruncate,
    devices,
    placement: {
      ...(workersPerDevice === undefined ? {} : { workersPerDevice }),
      ...(threads === undefined ? {} : { threads }),
      ...(maxBatchSize === undefined ? {} : { maxBatchSize }),
    },
    worker: {
      scoreFloor,
      maxDetections: tiles === undefined ? LEAST_KEPT.whole : LEAST_KEPT.tiled,
      maxPixels,
      maxBytes,
      strictImages,
      optimizer,
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(tiles === undefined ? {} : { tiles }),
    },
    selection: resolveSelection(statedSelection, ontology),
    statedSelection,
  };
}
