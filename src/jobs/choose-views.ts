import { describeBelowFloor } from '../config/conflicts.js';
import type { Loaded } from '../config/load.js';
import { problemsError } from '../config/problems.js';
import type { ExportConfig, MergeConfig, SelectionConfig } from '../config/schema.js';
import { changeSelection, readStoredSelection, resolveSelection, toStoredSelection } from '../config/selection.js';
import type { ImageFiles } from '../core/image-files.js';
import type { Ontology } from '../core/ontology.js';
import { formatNames, type FormatName } from '../formats/index.js';
import type { JournalHeader, RunScope } from '../run/header.js';
import { remoteImageFiles } from './remote-settings.js';
import { chooseDataSet } from './choose-data-set.js';

type LoadedViews = Loaded<typeof ExportConfig> | Loaded<typeof MergeConfig>;

/** A run as far as it decides what is written. */
export interface ViewedRun {
  readonly scope: Pick<RunScope, 'root' | 'selection' | 'formats' | 'images' | 'split' | 'negatives' | 'only_reviewed'>;
  readonly ontology: Ontology;
  readonly header: Pick<JournalHeader, 'options'>;
  readonly previews: number; // that the run asked for, of the first images by name
}

/** The run's own formats and selection, except for options set on this call. */
export function chooseViews({ scope, ontology, header, previews }: ViewedRun, loaded: LoadedViews) {
  const { settings, given } = loaded;
  assertAboveFloor(loaded, header.options.score_floor);
  const stated = changeSelection(readStoredSelection(scope.selection), loaded);
  return {
    stored: toStoredSelection(stated, ontology),
    selection: resolveSelection(stated, ontology),
    formats: given.format === 'default' ? knownFormats(scope) : settings.format,
    previews: given.preview === 'default' ? previews : settings.preview,
    ...imageFilesOf(scope, loaded),
    ...chooseDataSet(scope, loaded),
    overwriteEdited: settings.overwriteEdited,
  };
}

/** None: as suits the readers of each format. */
function imageFilesOf(scope: ViewedRun['scope'], loaded: LoadedViews): { imageFiles?: ImageFiles } {
  const { settings, given } = loaded;
  if (scope.root === undefined) return { imageFiles: remoteImageFiles(loaded, scope.images ?? 'none') };
  const imageFiles = given.images === 'default' ? scope.images : settings.images;
  return imageFiles === undefined ? {} : { imageFiles };
}

/** @throws PreannotateError CONFIG_INVALID when a threshold is set for which nothing was stored, as `run` does. */
export function assertAboveFloor(
  { settings, given, nameOf }: LoadedViews | Loaded<typeof SelectionConfig>,
  floor: number,
): void {
  const { scoreThreshold: threshold } = settings;
  if (given.scoreThreshold === 'default' || threshold >= floor) return;
  const advice = `Raise the threshold, or annotate again: \`preannotate run --restart --score-floor ${threshold}\`.`;
  throw problemsError('CONFIG_INVALID', [
    { ...describeBelowFloor(nameOf('score_threshold'), threshold, floor), advice },
  ]);
}

/** The formats of the run; another version may have had more. */
function knownFormats({ formats }: Pick<RunScope, 'formats'>): FormatName[] {
  return formatNames.filter((name) => formats.includes(name));
}
