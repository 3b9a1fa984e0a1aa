import { loadSettings, type Loaded } from '../../../config/load.js';
import { optionsOf } from '../../../config/flags.js';
import { BenchConfig, RunConfig } from '../../../config/schema.js';
import type { BenchJob } from '../../../bench/bench.js';
import { SAMPLES } from '../../../disk/samples.js';
import { discover } from '../../../images/listing/discover.js';
import { chooseImages } from '../../../run/choose-images.js';
import { createEngineJob } from '../../../jobs/engine-job.js';

/** Objects that the built-in model knows and that occur in photographs. How many prompts there are hardly matters. */
const CLASSES = ['a bottle', 'a dog', 'a car'];

/** Of the images given; more would only be read once. */
const MOST_IMAGES = 64;

/** Settings of `bench` as `run` would have them in this folder. */
export async function loadAsRun(flags: Readonly<Record<string, unknown>>): Promise<Loaded<typeof RunConfig>> {
  const own = new Set(optionsOf(BenchConfig).map(([key]) => key));
  const known = new Set(['config', ...optionsOf(RunConfig).map(([key]) => key)]);
  const given = Object.fromEntries(Object.entries(flags).filter(([key]) => known.has(key) || !own.has(key)));
  const request = { schema: RunConfig, environment: process.env, cwd: process.cwd() };
  const loaded = await loadSettings({ ...request, flags: given });
  const { class: classes, ontology } = loaded.settings;
  if (classes !== undefined || ontology !== undefined) return loaded;
  return await loadSettings({ ...request, flags: { ...given, class: CLASSES } });
}

/** What is measured: the images given, or those of the package. */
export async function createBenchJob(
  paths: readonly string[],
  loaded: Loaded<typeof RunConfig>,
  budgetMs: number,
): Promise<BenchJob> {
  const { recursive, include, exclude, ext: extensions, precision } = loaded.settings;
  const { placement: _, ...job } = await createEngineJob(loaded);
  const patterns = paths.length === 0 ? { include: [], exclude: [] } : { include, exclude };
  const discovery = { recursive, ...patterns, outputFolders: [], ...(extensions === undefined ? {} : { extensions }) };
  const found = await discover(paths.length === 0 ? SAMPLES : paths, discovery);
  const images = chooseImages(found.images, { sample: MOST_IMAGES });
  return { ...job, placement: {}, precision, images, imageFolder: found.root, budgetMs };
}
