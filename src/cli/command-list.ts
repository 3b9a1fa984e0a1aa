import { Command } from 'commander';
import type { ListedCommand } from './listed-command.js';

/** In the order of `--help`. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    declare: () =>
      new Command('run')
        .alias('predict')
        .description(
          'Annotate folders, image files, globs, or images on the web and in S3; continues where it was stopped.',
        )
        .argument('[paths...]', 'folders, image files, globs (quoted); or URLs, @lists of them, s3://bucket/prefix', [
          '.',
        ]),
    define: async () => (await import('./commands/run.js')).defineRun,
  },
  {
    declare: () =>
      new Command('serve').description(
        'Answer over HTTP: POST /predict with an image gives its boxes. /docs lists the rest.',
      ),
    define: async () => (await import('./commands/serve.js')).defineServe,
  },
  {
    declare: () =>
      new Command('export')
        .description('Write the annotation files of a run again, with other formats, thresholds or suppression.')
        .argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/export.js')).defineExport,
  },
  {
    declare: () =>
      new Command('review')
        .description('Look through a run in the browser, accept its boxes and correct them.')
        .argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/review/review.js')).defineReview,
  },
  {
    declare: () =>
      new Command('merge')
        .description('Join the parts that `run --shard` has made into one run, and write its annotation files.')
        .argument(
          '[folders...]',
          'an output folder that has the parts in shards/, or several, or the parts themselves',
        ),
    define: async () => (await import('./commands/merge.js')).defineMerge,
  },
  {
    declare: () =>
      new Command('worker').description('Annotate images that `preannotate run --queue` hands out, on this machine.'),
    define: async () => (await import('./commands/worker.js')).defineWorker,
  },
  {
    declare: () =>
      new Command('bench')
        .description(
          'Measure which workers, threads, batch and precision are fastest here; run and serve then use them.',
        )
        .argument('[images...]', 'folders, image files or globs to measure with'),
    define: async () => (await import('./commands/bench/bench.js')).defineBench,
  },
  {
    declare: () =>
      new Command('eval')
        .description(
          'Measure a run against a corrected data set: AP, precision and recall, confusion and the work left.',
        )
        .argument('<predictions>', 'output folder of a run, or a file or folder in any format'),
    define: async () => (await import('./commands/evaluation/eval.js')).defineEval,
  },
  {
    declare: () =>
      new Command('tune')
        .description('Choose the threshold of each class from a corrected data set, and write it into the ontology.')
        .argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/evaluation/tune.js')).defineTune,
  },
  {
    declare: () =>
      new Command('prompts')
        .description('Rank the prompts of each class on a corrected data set, and name classes that are confused.')
        .argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/evaluation/prompts.js')).definePrompts,
  },
  {
    declare: () =>
      new Command('validate')
        .description('Check annotation files, ours or others, by the rules of the programs that read them.')
        .argument('<path>', 'a file or folder in any format, or the output folder of a run'),
    define: async () => (await import('./commands/data-sets/validate.js')).defineValidate,
  },
  {
    declare: () =>
      new Command('stats')
        .description(
          'Count what a run or a data set contains: classes, scores, sizes, and what each threshold would leave.',
        )
        .argument('<path>', 'output folder of a run, or a file or folder in any format'),
    define: async () => (await import('./commands/data-sets/stats.js')).defineStats,
  },
  {
    declare: () =>
      new Command('report')
        .description('Write a run as one HTML file to look at and pass on: images, boxes, failures, run facts.')
        .argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/review/report.js')).defineReport,
  },
  {
    declare: () =>
      new Command('init')
        .description('Write a starter ontology and a config file that explains every setting.')
        .argument('[dir]', 'folder to write them into; created if necessary', '.'),
    define: async () => (await import('./commands/init.js')).defineInit,
  },
  {
    declare: () => new Command('models').description('List, fetch, check and remove models.'),
    define: async () => (await import('./commands/models.js')).defineModels,
    hasNoOptions: true,
  },
  {
    declare: () => new Command('features').description('List, check and remove stored image features.'),
    define: async () => (await import('./commands/features/features.js')).defineFeatures,
    hasNoOptions: true,
  },
  {
    declare: () =>
      new Command('doctor').description(
        'Check devices, libraries, caches and models, and print how to fix what is wrong.',
      ),
    define: async () => (await import('./commands/doctor.js')).defineDoctor,
  },
  {
    declare: () =>
      new Command('completion')
        .description('Print a script that completes command lines in a shell: bash, zsh or fish.')
        .argument('<shell>', 'bash, zsh or fish'),
    define: async () => (await import('./completion/completion-command.js')).defineCompletion,
    hasNoOptions: true,
  },
];
