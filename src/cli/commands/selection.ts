import type { Loaded } from '../../config/load.js';
import type { ExportConfig, RunConfig, ServeConfig } from '../../config/schema.js';
import type { Selection } from '../../core/select.js';

/** Which detections the views show. A threshold asked for on this call beats the ontology's; one from a file does not. */
export function selectionOf({
  settings,
  given,
}: Loaded<typeof RunConfig | typeof ExportConfig | typeof ServeConfig>): Selection {
  return {
    scoreThreshold: settings.scoreThreshold,
    overridesOntology: given.scoreThreshold === 'flag' || given.scoreThreshold === 'environment',
    nmsIou: settings.nms ? settings.nmsIou : null,
    classAgnosticNms: settings.classAgnosticNms,
    maxDetections: settings.maxDetections,
  };
}

/** `--preview` alone draws every image. */
export function previewCountOf(preview: boolean | number): number {
  return typeof preview === 'number' ? preview : preview ? Infinity : 0;
}
