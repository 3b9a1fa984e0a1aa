import { Command } from 'commander';
import { loadSettings } from '../../config/load.js';
import { DoctorConfig } from '../../config/schema.js';
import { FAILURES } from '../../core/errors.js';
import { addFlags, readGivenFlags } from '../flags.js';
import { printJson } from '../output.js';
import { VERSION } from '../version.js';

const EXAMPLES = `
Examples:
  preannotate doctor
  preannotate doctor --json --model ./owlvit-base-patch32
  preannotate doctor --setup-cuda

Every device is tried in a process of its own. Exit codes: 0 the tool can work (the CPU starts, and the model that was
named is there), 2 it cannot.`;

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Say what devices, libraries, models and caches are here, and what mends what is wrong.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = readGivenFlags(command, DoctorConfig);
      const loaded = await loadSettings({ schema: DoctorConfig, flags, environment: process.env, cwd: process.cwd() });
      const { settings, given } = loaded;
      if (settings.setupCuda) await setUp(settings);
      else await examine({ model: settings.model, modelNamed: given.model !== 'default' }, settings);
    });
  return addFlags(command, DoctorConfig);
}

// Other commands start faster for it that what only this one needs is loaded here.

/** How much is said. */
interface Says {
  readonly json: boolean;
  readonly quiet: boolean; // nothing but problems
}

async function setUp({ json, quiet }: Says): Promise<void> {
  const { describeSetup, setUpCuda } = await import('../../doctor/setup-cuda.js');
  const found = await setUpCuda((text) => process.stderr.write(text));
  if (json) printJson(found);
  else if (!quiet) process.stdout.write(describeSetup(found));
}

async function examine(wish: { model: string; modelNamed: boolean }, { json, quiet }: Says): Promise<void> {
  const { diagnose } = await import('../../doctor/report.js');
  const { textOf } = await import('../../doctor/text.js');
  const diagnosis = await diagnose({ version: VERSION, ...wish });
  if (json) printJson(diagnosis);
  else if (!quiet || !diagnosis.ok) process.stdout.write(textOf(diagnosis));
  if (!diagnosis.ok) process.exitCode = FAILURES.DEVICE_UNAVAILABLE.exitCode;
}
