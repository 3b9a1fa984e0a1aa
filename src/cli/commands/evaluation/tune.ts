import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { TuneConfig } from '../../../config/schema.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { printJson } from '../../output.js';

const EXAMPLES = `
Examples:
  preannotate tune annotations --truth corrected --ontology bottles.yaml
  preannotate tune annotations --truth corrected --ontology bottles.yaml --for precision=0.9 --write
  preannotate tune annotations --truth corrected > tuned.yaml

Without --ontology, the ontology of the run is printed as YAML with the new thresholds. With it, the lines that would
change are printed, and --write changes them. No model is needed.`;

const REFERENCE: Reference = { environment: ['options'] };

export function defineTune(command: Command): Command {
  command.action(async (folder: string) => {
    const loaded = await loadCommand(command, TuneConfig);
    await tune(resolve(folder), loaded);
  });
  return addHelpNotes(addFlags(command, TuneConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function tune(outDir: string, { settings, given }: Loaded<typeof TuneConfig>): Promise<void> {
  const { tuneRun } = await import('./tune-run.js');
  const { OntologyFile } = await import('./ontology-file.js');
  const { formatTuned, tunedToJson, formatChanges, toYaml, chosenThresholds } = await import('./format-tuned.js');
  const progress = createProgress(settings);
  // A file that preannotate.yaml names is changed by --write. It is no reason to print something else than YAML.
  const isNamed = settings.write || given.ontology === 'flag';
  const file = await OntologyFile.open(isNamed ? settings.ontology : undefined, settings.write);
  const tuned = await tuneRun(outDir, settings, file?.spec);
  for (const note of tuned.notes) progress.note(note);
  const goal = settings.for;
  const table = formatTuned(tuned, goal);
  const result = tunedToJson(tuned, goal);
  const [common, byClass] = chosenThresholds(tuned.ontology, tuned.groups);
  if (file === undefined || (!file.hasPlace && !settings.write)) {
    progress.note(table.trimEnd());
    if (settings.json) printJson(result);
    else process.stdout.write(toYaml(tuned.ontology, tuned));
    return;
  }
  const changes = file.edit({ common, byClass });
  const backup = settings.write && changes.length > 0 ? await file.save() : undefined;
  if (settings.json) printJson({ ...result, file: file.path, changes, written: backup !== undefined });
  else if (!settings.quiet)
    process.stdout.write(table + (changes.length === 0 ? '' : `\n${formatChanges(file.name, changes)}`));
  if (changes.length === 0) progress.note(`${file.name} stays as it is.`);
  else if (backup === undefined) progress.note(`Nothing was written: --write changes ${file.name}.`);
  else
    progress.note(
      `${file.name} was changed; the old one is ${backup}. The same \`preannotate run\` applies it without the model.`,
    );
}
