/** `npm run bench [-- [--quick] [--abort-share n] question...]`: how fast, how soon, how large, on this machine. */
import { parseArgs } from 'node:util';
import { abandoned } from './questions/abandoned.js';
import { extremes } from './questions/faults/extremes.js';
import { forms } from './questions/forms.js';
import { describeMachine } from './support/machine.js';
import { kills } from './questions/faults/kills.js';
import { memory } from './questions/memory.js';
import { odd } from './questions/odd.js';
import { peer } from './questions/peer.js';
import { overhead } from './questions/overhead.js';
import { overload } from './questions/overload.js';
import { precision } from './questions/precision.js';
import { serve } from './questions/serve.js';
import { sgemm } from './questions/sgemm.js';
import { sizes } from './questions/sizes.js';
import { soak } from './questions/soak.js';
import { startup } from './questions/startup.js';
import { throughput } from './questions/throughput.js';
import { tiles } from './questions/tiles.js';
import { views } from './questions/views.js';
import { withFolder, type Bench } from './support/workspace.js';

const QUESTIONS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  sgemm,
  throughput,
  precision,
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
};
const NAMES = Object.keys(QUESTIONS);

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, 'abort-share': { type: 'string', default: '0.3' } },
  allowPositionals: true,
});
const abortShare = Number(values['abort-share']);
const unknown = positionals.find((name) => !NAMES.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no benchmark "${unknown}". There are: ${NAMES.join(', ')}.\n`);
  process.exitCode = 2;
} else if (!(abortShare > 0 && abortShare < 1)) {
  process.stderr.write(`--abort-share must be between 0 and 1, not ${values['abort-share']}.\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(
    `${describeMachine()}\n${values.quick ? 'quick: one round each, figures are not to be cited\n' : ''}`,
  );
  const chosen = positionals.length > 0 ? positionals : NAMES;
  await withFolder(async (folder) => {
    for (const name of chosen) await QUESTIONS[name]!({ folder, quick: values.quick, abortShare });
  });
}
