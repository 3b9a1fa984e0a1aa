import { z } from 'zod';
import { listNames, optionsOf } from './flags.js';
import { deviceOptions } from './options/device.js';
import { doctorOptions, initOptions } from './options/setup.js';
import { addressOptions, imageOptions, remoteOptions } from './options/images.js';
import { removeFeaturesOptions, verifyFeaturesOptions } from './options/features/commands.js';
import { evalOptions, truthOptions } from './options/evaluation/evaluate.js';
import { lockOptions } from './options/lock.js';
import { metaOf } from './options/meta.js';
import { modelOptions } from './options/model.js';
import {
  logOptions,
  outputOptions,
  progressOptions,
  workerOutputOptions,
  reportOptions,
  summaryOptions,
} from './options/output.js';
import { benchOptions } from './options/machines/bench.js';
import { queueOptions, workerOptions } from './options/machines/queue.js';
import { featureOptions } from './options/features/run.js';
import { serveFeatureOptions } from './options/features/serve.js';
import { reviewOptions } from './options/review/review.js';
import { runOptions } from './options/run.js';
import { selectionOptions } from './options/selection.js';
import { serveImageOptions, serveOptions } from './options/serve.js';
import { dataSetOptions } from './options/evaluation/data-set.js';
import { reportFileOptions } from './options/review/report.js';
import { tuneOptions } from './options/evaluation/tune.js';
import { rootOptions, viewOptions } from './options/views.js';

/**
 * One schema for each command. The same declarations make flags, environment variables, config files and editors' help.
 */
export const RunConfig = z.strictObject({
  ...runOptions,
  ...summaryOptions,
  ...reportOptions,
  ...lockOptions,
  ...queueOptions,
  ...modelOptions,
  ...viewOptions,
  ...selectionOptions,
  ...deviceOptions,
  ...featureOptions,
  ...imageOptions,
  ...addressOptions,
  ...remoteOptions,
  ...progressOptions,
});

/** Options that keep their values in a run that was made already. */
function ofTheRun<Shape extends Record<string, z.ZodType>>(shape: Shape): Shape {
  const entries = Object.entries(shape).map(([key, option]) => [key, withDefault(option, 'as the run has it')]);
  return Object.fromEntries(entries) as Shape;
}

/** @param shownDefault - What is so where the option is not given. */
function withDefault<Option extends z.ZodType>(option: Option, shownDefault: string): Option {
  return option.meta({ flag: { group: 'other', ...metaOf(option).flag, shownDefault } });
}

/** Which of the boxes of a run are read. */
export const SelectionConfig = z.strictObject({ ...selectionOptions });

/** The output folder is an argument, not an option. */
export const ExportConfig = z.strictObject({
  ...ofTheRun(viewOptions),
  ...rootOptions,
  ...ofTheRun(selectionOptions),
  ...lockOptions,
  ...addressOptions,
  ...remoteOptions,
  ...progressOptions,
});

/** Without a folder to merge, `out` is the one that has the parts. */
export const MergeConfig = z.strictObject({
  out: withDefault(
    runOptions.out.describe('Folder for the whole run; needed where several folders are given'),
    'the folder given',
  ),
  max_errors: runOptions.max_errors.describe(
    'Exit with code 3 if more images failed in all parts than this number, or this share (5%)',
  ),
  ...summaryOptions,
  ...ExportConfig.shape,
});

/** What is shown is as in the run, unless it is set. */
export const EvalConfig = z.strictObject({
  ...truthOptions,
  ...evalOptions,
  ...summaryOptions,
  ...selectionOptions,
  ...progressOptions,
});

export const TuneConfig = z.strictObject({
  ...truthOptions,
  ...tuneOptions,
  ontology: modelOptions.ontology,
  seconds: evalOptions.seconds,
  ...outputOptions,
});

/** A report is of a run; its evaluation is made from a corrected data set, or was made before. */
export const ReportConfig = z.strictObject({
  ...reportFileOptions,
  ...ofTheRun(selectionOptions),
  ...truthOptions,
  seconds: evalOptions.seconds,
  ...outputOptions,
});

/** Commands that look at a data set, or at a run. */
export const DataSetConfig = z.strictObject({ ...dataSetOptions, ...outputOptions });

/** Of a run, the boxes that are counted can be chosen. */
export const StatisticsConfig = z.strictObject({ ...dataSetOptions, ...ofTheRun(selectionOptions), ...outputOptions });

const { devices, workers_per_device, threads, max_batch_size, optimizer } = deviceOptions;

/** The model and how it looks at images are those of the run. */
export const PromptsConfig = z.strictObject({
  ...truthOptions,
  ...rootOptions,
  ontology: modelOptions.ontology,
  ...{ devices, workers_per_device, threads, max_batch_size, optimizer },
  ...progressOptions,
});

export const BenchConfig = z.strictObject({ ...benchOptions, ...progressOptions });
export const DoctorConfig = z.strictObject({ model: modelOptions.model, ...doctorOptions, ...outputOptions });
/** Commands about models; which files are downloaded also depends on the precision. */
export const ModelsConfig = z.strictObject({ ...outputOptions });
export const PullConfig = z.strictObject({ precision: deviceOptions.precision, ...progressOptions });
/** Commands about a folder of features. */
export const FeaturesConfig = z.strictObject({ ...outputOptions });
export const VerifyFeaturesConfig = z.strictObject({ ...verifyFeaturesOptions, ...outputOptions });
export const RemoveFeaturesConfig = z.strictObject({ ...removeFeaturesOptions, ...outputOptions });
/** A starter depends on flags only. */
export const InitConfig = z.strictObject({
  class: modelOptions.class,
  model: modelOptions.model,
  ...initOptions,
  ...outputOptions,
});

const { score_floor } = runOptions;
const strict_images = imageOptions.strict_images.meta({ flag: { group: 'requests' } });

/** The server. Its limits on images are its own. */
export const ServeConfig = z.strictObject({
  ...serveOptions,
  ...modelOptions,
  ...selectionOptions,
  score_floor,
  ...deviceOptions,
  ...serveFeatureOptions,
  ...serveImageOptions,
  strict_images,
  ...logOptions,
});

const { max_pixels, max_bytes } = imageOptions;

/** A detector that a program opens: it is given images one by one, as files, as bytes or by address. */
export const DetectorConfig = z.strictObject({
  ...modelOptions,
  ...selectionOptions,
  score_floor,
  ...deviceOptions,
  max_pixels,
  max_bytes,
  strict_images: imageOptions.strict_images,
  ...addressOptions,
  ...remoteOptions,
});

/** What has an engine, and an ontology for it. */
export type EngineConfig = typeof RunConfig | typeof ServeConfig | typeof DetectorConfig;

export const ReviewConfig = z.strictObject({
  ...reviewOptions,
  ...ofTheRun(selectionOptions),
  ...addressOptions,
  ...remoteOptions,
  ...outputOptions,
  json: outputOptions.json.describe('Print the link as JSON on stdout; everything else goes to stderr'),
  quiet: outputOptions.quiet.describe('Print errors only, and not the link either, unless --json asks for it'),
});

/** A worker of a queue. What it computes is decided by the runs that it works for, how by itself. */
export const WorkerConfig = z.strictObject({
  ...queueOptions,
  ...workerOptions,
  devices: deviceOptions.devices,
  workers_per_device: deviceOptions.workers_per_device,
  threads: deviceOptions.threads,
  max_batch_size: deviceOptions.max_batch_size,
  optimizer: deviceOptions.optimizer,
  ...addressOptions,
  ...remoteOptions,
  ...workerOutputOptions,
});

/**
 * Every option there is: one config file serves all commands, each of which takes what concerns it. A command with
 * options of its own adds its shape here.
 */
export const AnyConfig = z.strictObject({
  ...RunConfig.shape,
  ...ExportConfig.shape,
  ...EvalConfig.shape,
  ...TuneConfig.shape,
  ...DataSetConfig.shape,
  ...DoctorConfig.shape,
  ...BenchConfig.shape,
  ...VerifyFeaturesConfig.shape,
  ...RemoveFeaturesConfig.shape,
  ...workerOptions,
  author: reviewOptions.author,
  ...serveOptions,
  features_write: serveFeatureOptions.features_write,
  ...progressOptions,
});

/** What a config file may hold: not what is about one call, and every key under each of its names. */
export const FileConfig = z.strictObject(
  Object.fromEntries(
    optionsOf(AnyConfig).flatMap(([key, option]) =>
      metaOf(option).flag?.only ? [] : listNames(key, option).map((name) => [name, option]),
    ),
  ),
);
