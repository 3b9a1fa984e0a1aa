import type { Loaded } from '../config/load.js';
import { PreannotateError } from '../core/errors.js';
import type { ImageFiles } from '../core/image-files.js';
import type {
  DetectorConfig,
  ExportConfig,
  MergeConfig,
  ReviewConfig,
  RunConfig,
  WorkerConfig,
} from '../config/schema.js';
import type { FetchSettings } from '../images/remote/fetch-settings.js';

type RemoteConfig = Loaded<typeof RunConfig | typeof ExportConfig | typeof MergeConfig>;

/** @throws PreannotateError USAGE for a watch over remote images */
export function assertRemotePossible({ settings, nameOf }: Loaded<typeof RunConfig>): void {
  if (!settings.watch) return;
  throw new PreannotateError({
    code: 'USAGE',
    message: `${nameOf('watch')} looks at folders, not at the web or S3.`,
    hint: 'Run the same command without it from time to time: it annotates what is new in the lists and buckets.',
  });
}

/** How remote images are fetched, but for their size. */
export function fetchSettingsOf({
  settings,
}: RemoteConfig | Loaded<typeof WorkerConfig | typeof ReviewConfig | typeof DetectorConfig>): Omit<
  FetchSettings,
  'maxBytes'
> {
  const { allowPrivate, fetchTimeout: timeoutMs, fetchConcurrency: perHost, s3Endpoint: endpoint } = settings;
  const s3 = {
    ...(endpoint === undefined ? {} : { endpoint }),
    pathStyle: settings.s3PathStyle,
    unsigned: settings.s3NoSignRequest,
  };
  return { allowPrivate, timeoutMs, perHost, s3 };
}

/**
 * How a view has remote images: none, or downloaded.
 *
 * @throws PreannotateError USAGE where links to them are asked for
 */
export function remoteImageFiles({ settings, given, nameOf }: RemoteConfig, otherwise: ImageFiles): ImageFiles {
  if (given.images === 'default') return otherwise === 'copy' ? 'copy' : 'none';
  if (settings.images === 'copy' || settings.images === 'none') return settings.images;
  throw new PreannotateError({
    code: 'USAGE',
    message: `${nameOf('images')} is ${settings.images}, but there can be no links to images on the web or in S3.`,
    hint: 'Use --images copy, which downloads them, or --images none.',
  });
}
