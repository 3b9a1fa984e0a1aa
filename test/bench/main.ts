/** `npm run bench [-- [--quick] question...]`: how fast, how soon, how large, on this machine. */
import { parseArgs } from 'node:util';
import { forms } from './forms.js';
import { describeMachine } from './machine.js';
import { memory } from './memory.js';
import { odd } from './odd.js';
import { peer } from './peer.js';
import { overhead } from './overhead.js';
import { overload } from './overload.js';
import { precision } from './precision.js';
import { serve } from './serve.js';
import { sgemm } from './sgemm.js';
import { sizes } from './sizes.js';
import { soak } from './soak.js';
import { startup } from './startup.js';
import { throughput } from './throughput.js';
import { tiles } from './tiles.js';
import { withFolder, type Bench } from './workspace.js';

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
  soak,
  odd,
};
const NAMES = Object.keys(QUESTIONS);

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !NAMES.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no benchmark "${unknown}". There are: ${NAMES.join(', ')}.\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(
    `${describeMachine()}\n${values.quick ? 'quick: one round each, figures are not to be cited\n' : ''}`,
  );
  const chosen = positionals.length > 0 ? positionals : NAMES;
  await withFolder(async (folder) => {
    for (const name of chosen) await QUESTIONS[name]!({ folder, quick: values.quick });
  });
}
