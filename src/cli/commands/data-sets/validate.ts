import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { DataSetConfig } from '../../../config/schema.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';

const SHOWN = 5; // findings of a rule: one is understood by a few of them

const EXAMPLES = `
Examples:
  preannotate validate annotations
  preannotate validate corrected/instances.json --images-root photos
  preannotate validate corrected --format yolo --json

Of the output folder of a run, all its annotation files are checked. The rules are in fixtures/docs/validate.md.`;

const REFERENCE: Reference = { exits: { 3: 'there are errors' }, environment: ['options'] };

export function defineValidate(command: Command): Command {
  command.action(async (path: string) => {
    const loaded = await loadCommand(command, DataSetConfig);
    process.exitCode = await validate(path, loaded);
  });
  return addHelpNotes(addFlags(command, DataSetConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function validate(path: string, { settings }: Loaded<typeof DataSetConfig>): Promise<number> {
  const { findDataSets } = await import('../../../validation/find-data-sets.js');
  const { validateDataSet } = await import('../../../validation/validate.js');
  const { Findings } = await import('../../../validation/findings.js');
  const { createPrinter } = await import('./format-validation.js');
  const progress = createProgress(settings);
  const { dataSetFormat: format, imagesFolder } = settings;
  const imagesRoot = imagesFolder === undefined ? undefined : resolve(imagesFolder);
  const found = await findDataSets(path, { format, imagesRoot });
  const printer = createPrinter(settings);
  printer.begin(path);
  let errors = 0;
  try {
    for (const dataSet of found) {
      printer.open(dataSet.probe.path, dataSet.format);
      const findings = new Findings(SHOWN, (finding) => printer.finding(finding));
      const checked = await validateDataSet(dataSet, findings.report);
      if (!settings.json) for (const note of checked.notes) progress.note(note);
      printer.close(checked, findings);
      errors += findings.count('error');
    }
  } catch (error) {
    printer.fail(error);
    throw error;
  }
  printer.end();
  return errors > 0 ? 3 : 0;
}
