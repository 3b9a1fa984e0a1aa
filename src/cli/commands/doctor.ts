import { asTyped } from '../../progress/typed-command.js';
import type { Command } from 'commander';
import { DoctorConfig } from '../../config/schema.js';
import { FAILURES } from '../../core/errors.js';
import { createProgress } from '../create-progress.js';
import { addFlags, loadCommand } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { printJson } from '../output.js';
import { VERSION } from '../../disk/version.js';

const EXAMPLES = `
Examples:
  preannotate doctor
  preannotate doctor --json --model ./owlvit-base-patch32
  preannotate doctor --setup-cuda

The exit code is 0 if the tool works here (the CPU starts, and the model given with --model is available), else 2.
fixtures/docs/install.md explains the JSON; doctor.schema.json beside it is its schema.`;

const REFERENCE: Reference = { environment: ['options', 'hub', 'cuda'] };

export function defineDoctor(command: Command): Command {
  command.action(async () => {
    const loaded = await loadCommand(command, DoctorConfig);
    const { settings, given } = loaded;
    if (settings.setupCuda) await setUp(settings);
    else
      await runChecks(
        { model: settings.model, modelNamed: given.model !== 'default', verbose: settings.verbose },
        settings,
      );
  });
  return addHelpNotes(addFlags(command, DoctorConfig), EXAMPLES, REFERENCE);
}

// Modules that only this command needs are imported dynamically, so that other commands start faster.

interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean; // print only what is wrong
}

async function setUp({ json, quiet }: OutputOptions): Promise<void> {
  const progress = createProgress({ quiet });
  const { describeSetup, setUpCuda } = await import('../../doctor/setup-cuda.js');
  const { toSnakeCase } = await import('../../doctor/diagnosis-to-json.js');
  const found = await setUpCuda((text) => progress.note(text.trimEnd()));
  if (json) printJson(toSnakeCase(found));
  else if (!quiet) process.stdout.write(describeSetup(found));
}

async function runChecks(
  request: { model: string; modelNamed: boolean; verbose: boolean },
  { json, quiet }: OutputOptions,
): Promise<void> {
  const { diagnose } = await import('../../doctor/diagnose.js');
  const { diagnosisToJson } = await import('../../doctor/diagnosis-to-json.js');
  const { formatDiagnosis } = await import('../../doctor/format-diagnosis.js');
  const diagnosis = await diagnose({ version: VERSION, ...request });
  if (json) printJson(diagnosisToJson(diagnosis));
  else if (!quiet || !diagnosis.ok) process.stdout.write(asTyped(formatDiagnosis(diagnosis)));
  if (!diagnosis.ok) process.exitCode = FAILURES.DEVICE_UNAVAILABLE.exitCode;
}
