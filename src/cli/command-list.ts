import { Command } from 'commander';
import type { ListedCommand } from './listed-command.js';

/** Headings of `--help`, in their order; within each, the most used command first. */
const GROUPS = {
  draft: 'Draft boxes:',
  look: 'Look and correct:',
  measure: 'Measure:',
  machines: 'Several machines:',
  model: 'Models and machine:',
  setup: 'Setup:',
} as const;

/** The heading of what no topic has: help and version. */
export const OTHER_COMMANDS = GROUPS.setup;

/** In the order of `--help`. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    declare: () =>
      describe('run', {
        group: 'draft',
        summary:
          'Annotate folders, image files, globs, or images on the web and in S3; continues where it was stopped.',
        more: 'Results go to --out: detections.jsonl, and annotation files for training programs and labelling tools.',
      })
        .alias('predict')
        .argument('[paths...]', 'folders, image files, globs (quoted); or URLs, @lists of them, s3://bucket/prefix', [
          '.',
        ]),
    define: async () => (await import('./commands/run.js')).defineRun,
  },
  {
    declare: () =>
      describe('export', {
        group: 'draft',
        summary: 'Write the annotation files of a run again, with other formats or thresholds.',
        more: 'No model is needed, and it takes seconds: detections.jsonl has all that was found.',
      }).argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/export.js')).defineExport,
  },
  {
    declare: () =>
      describe('serve', {
        group: 'draft',
        summary: 'Answer over HTTP: POST /predict with an image gives its boxes. /docs lists the rest.',
        more: 'It has the model and settings of run, a page to try prompts, and backends for Label Studio and CVAT.',
      }),
    define: async () => (await import('./commands/serve.js')).defineServe,
  },
  {
    declare: () =>
      describe('review', {
        group: 'look',
        summary: 'Look through a run in the browser, accept its boxes and correct them.',
        more: 'Decisions are saved at once in review.jsonl; `preannotate export` writes them into annotation files.',
      }).argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/review/review.js')).defineReview,
  },
  {
    declare: () =>
      describe('report', {
        group: 'look',
        summary: 'Write a run as one HTML file to look at and pass on: images, boxes, failures, run facts.',
        more: 'It opens without a network or a server, in any browser.',
      }).argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/review/report.js')).defineReport,
  },
  {
    declare: () =>
      describe('stats', {
        group: 'look',
        summary:
          'Count what a run or a data set contains: classes, scores, sizes, and what each threshold would leave.',
        more: 'It reads annotation files of any format that run writes.',
      }).argument('<path>', 'output folder of a run, or a file or folder in any format'),
    define: async () => (await import('./commands/data-sets/stats.js')).defineStats,
  },
  {
    declare: () =>
      describe('validate', {
        group: 'look',
        summary: 'Check annotation files, ours or others, by the rules of the programs that read them.',
        more: 'Each finding names the file and the line, what breaks, and how to fix it.',
      }).argument('<path>', 'a file or folder in any format, or the output folder of a run'),
    define: async () => (await import('./commands/data-sets/validate.js')).defineValidate,
  },
  {
    declare: () =>
      describe('eval', {
        group: 'measure',
        summary: 'Measure a run against a corrected data set: AP, precision and recall, confusion and the work left.',
        more: 'The figures are those of pycocotools.',
      }).argument('<predictions>', 'output folder of a run, or a file or folder in any format'),
    define: async () => (await import('./commands/evaluation/eval.js')).defineEval,
  },
  {
    declare: () =>
      describe('tune', {
        group: 'measure',
        summary: 'Choose the threshold of each class from a corrected data set, and write it into the ontology.',
        more: 'A few corrected images are enough to start with; no model is needed.',
      }).argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/evaluation/tune.js')).defineTune,
  },
  {
    declare: () =>
      describe('prompts', {
        group: 'measure',
        summary: 'Rank the prompts of each class on a corrected data set, and name classes that are confused.',
        more: 'Each wording is asked alone with the model of the run, and nothing is written.',
      }).argument('<out-dir>', 'output folder of `preannotate run`'),
    define: async () => (await import('./commands/evaluation/prompts.js')).definePrompts,
  },
  {
    declare: () =>
      describe('merge', {
        group: 'machines',
        summary: 'Join the parts that `run --shard` has made into one run, and write its annotation files.',
        more: 'All parts must be finished; merging again adds what they have got since.',
      }).argument(
        '[folders...]',
        'an output folder that has the parts in shards/, or several, or the parts themselves',
      ),
    define: async () => (await import('./commands/merge.js')).defineMerge,
  },
  {
    declare: () =>
      describe('worker', {
        group: 'machines',
        summary: 'Annotate images that `preannotate run --queue` hands out, on this machine.',
        more: 'Start as many workers as there are machines; each reads only what its own flags allow.',
      }),
    define: async () => (await import('./commands/worker.js')).defineWorker,
  },
  {
    declare: () =>
      describe('models', {
        group: 'model',
        summary: 'List, fetch, check and remove models.',
        more: "They are kept in the cache of Python's huggingface_hub, which both share.",
      }),
    define: async () => (await import('./commands/models.js')).defineModels,
    hasNoOptions: true,
  },
  {
    declare: () =>
      describe('doctor', {
        group: 'model',
        summary: 'Check devices, libraries, caches and models, and print how to fix what is wrong.',
        more: 'Every device is tried in a process of its own, because drivers may crash.',
      }),
    define: async () => (await import('./commands/doctor.js')).defineDoctor,
  },
  {
    declare: () =>
      describe('bench', {
        group: 'model',
        summary: 'Measure which workers, threads, batch and precision are fastest here; run and serve then use them.',
        more: 'It takes two minutes at most.',
      }).argument('[images...]', 'folders, image files or globs to measure with'),
    define: async () => (await import('./commands/bench/bench.js')).defineBench,
  },
  {
    declare: () =>
      describe('features', {
        group: 'model',
        summary: 'Show, check and remove stored image features.',
        more: '`run --features` stores what the image encoder gave for each image, so that other prompts are fast.',
      }),
    define: async () => (await import('./commands/features/features.js')).defineFeatures,
    hasNoOptions: true,
  },
  {
    declare: () =>
      describe('init', {
        group: 'setup',
        summary: 'Write a starter ontology and a config file that explains every setting.',
        more: 'Existing files are never changed.',
      }).argument('[dir]', 'folder to write them into; created if necessary', '.'),
    define: async () => (await import('./commands/init.js')).defineInit,
  },
  {
    declare: () =>
      describe('completion', {
        group: 'setup',
        summary: 'Print a script that completes command lines in a shell: bash, zsh or fish.',
        more: 'It completes commands, options and their values, models, folders that hold a run, and files.',
      }).argument('<shell>', 'bash, zsh or fish'),
    define: async () => (await import('./completion/completion-command.js')).defineCompletion,
    hasNoOptions: true,
  },
];

interface Description {
  readonly group: keyof typeof GROUPS;
  readonly summary: string; // a sentence, as `--help` lists the command
  readonly more: string; // a second one, for its own help
}

function describe(name: string, { group, summary, more }: Description): Command {
  return new Command(name).helpGroup(GROUPS[group]).summary(summary).description(`${summary} ${more}`);
}
