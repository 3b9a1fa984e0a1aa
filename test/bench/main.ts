/**
 * `npm run bench [-- [--quick] [--abort-share n] question...]`: how fast, how soon, how large, on this machine.
 *
 * `npm run bench -- photographs <folder> [--model ref] [--truth file] [--ontology file] [--images n] [--full]
 * [--only name] [--resamples n] [--seed n]`: which settings find most in photographs with COCO ground truth.
 */
import { parseArgs } from 'node:util';
import { abandoned } from './questions/abandoned.js';
import { evaluation } from './questions/evaluation/evaluation.js';
import { extremes } from './questions/faults/extremes.js';
import { formats } from './questions/formats/formats.js';
import { ask as askRun } from './questions/features/ask.js';
import { features } from './questions/features/features.js';
import { forms } from './questions/forms.js';
import { photographs, type PhotographsOptions } from './photographs/photographs.js';
import { unpadded } from './photographs/unpadded.js';
import { describeMachine } from './support/machine.js';
import { kills } from './questions/faults/kills.js';
import { memory } from './questions/memory.js';
import { models } from './questions/precision/models.js';
import { odd } from './questions/odd.js';
import { peer } from './questions/peer/peer.js';
import { overhead } from './questions/overhead.js';
import { overload } from './questions/overload.js';
import { queue } from './questions/queue/queue.js';
import { queueScale } from './questions/queue/queue-scale.js';
import { precision } from './questions/precision/precision.js';
import { report } from './questions/review/report.js';
import { reviewServer } from './questions/review/review-server.js';
import { review } from './questions/review/review.js';
import { reviewed } from './questions/review/reviewed.js';
import { scale } from './questions/scale/scale.js';
import { serve } from './questions/serve.js';
import { sgemm } from './questions/sgemm.js';
import { sizes } from './questions/sizes.js';
import { soak } from './questions/soak.js';
import { similarity } from './questions/similarity.js';
import { startup } from './questions/startup.js';
import { throughput } from './questions/throughput.js';
import { tiles } from './questions/tiles.js';
import { views } from './questions/formats/views.js';
import { unusual } from './questions/unusual.js';
import { tune } from './questions/evaluation/tune.js';
import { withFolder, type Bench } from './support/workspace.js';

const QUESTIONS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  sgemm,
  throughput,
  precision,
  models,
  peer,
  startup,
  memory,
  forms,
  sizes,
  tiles,
  serve,
  overhead,
  overload,
  abandoned,
  soak,
  odd,
  kills,
  extremes,
  views,
  scale,
  report,
  review,
  'review-server': reviewServer,
  reviewed,
  queue,
  'queue-scale': queueScale,
  formats,
  evaluation,
  tune,
  similarity,
  unpadded,
  features,
  ask: askRun,
  unusual,
};
const NAMES = Object.keys(QUESTIONS);

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'abort-share': { type: 'string', default: '0.3' },
    model: { type: 'string', default: 'builtin:emoji' },
    truth: { type: 'string' },
    ontology: { type: 'string' },
    images: { type: 'string' },
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    resamples: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
const abortShare = Number(values['abort-share']);
const problem = findProblem();
if (problem === undefined) await answer();
else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}

function findProblem(): string | undefined {
  const { images, resamples, seed } = values;
  const wrong = Object.entries({ images: images ?? '1', resamples, seed }).find(([, text]) => !/^[1-9]\d*$/.test(text));
  if (wrong !== undefined) return `--${wrong[0]} must be a whole number from 1 on, not ${wrong[1]}.`;
  if (resamples === '1') return '--resamples must be at least 2.';
  if (!(abortShare > 0 && abortShare < 1))
    return `--abort-share must be between 0 and 1, not ${values['abort-share']}.`;
  if (positionals[0] === 'photographs')
    return positionals.length > 2 ? 'photographs takes one folder; --truth and --ontology name files.' : undefined;
  const unknown = positionals.find((name) => !NAMES.includes(name));
  const names = [...NAMES, 'photographs <folder>'].join(', ');
  return unknown === undefined ? undefined : `There is no benchmark "${unknown}". There are: ${names}.`;
}

async function answer(): Promise<void> {
  process.stdout.write(
    `${describeMachine()}\n${values.quick ? 'quick: one round each, figures are not to be cited\n' : ''}`,
  );
  await withFolder(async (folder) => {
    if (positionals[0] === 'photographs') await photographs(folder, toPhotographsOptions(positionals[1]));
    else for (const name of positionals.length > 0 ? positionals : NAMES) await ask(name, folder);
  });
}

async function ask(name: string, folder: string): Promise<void> {
  await QUESTIONS[name]!({ folder, quick: values.quick, abortShare });
}

function toPhotographsOptions(folder: string | undefined): PhotographsOptions {
  const { model, truth, ontology, full, only, images, resamples, seed } = values;
  return {
    ...{ photographs: folder, model, truth, ontology, full, only },
    images: images === undefined ? undefined : Number(images),
    resamples: Number(resamples),
    seed: Number(seed),
  };
}
