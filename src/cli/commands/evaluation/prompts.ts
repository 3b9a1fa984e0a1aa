import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { PromptsConfig } from '../../../config/schema.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { abortOnSignals } from '../../interrupt.js';
import { printJson } from '../../output.js';

const EXAMPLES = `
Examples:
  preannotate prompts annotations --truth corrected
  preannotate prompts annotations --truth corrected --ontology wordings.yaml --json

Every prompt is asked alone, of those images of the run that the corrected data set has, with the model of the run.
--ontology names another ontology, with more wordings for each class. Nothing is written.`;

const REFERENCE: Reference = { environment: ['options', 'hub', 'cuda'] };

export function definePrompts(command: Command): Command {
  command.action(async (folder: string) => {
    const loaded = await loadCommand(command, PromptsConfig);
    await prompts(resolve(folder), loaded);
  });
  return addHelpNotes(addFlags(command, PromptsConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function prompts(outDir: string, loaded: Loaded<typeof PromptsConfig>): Promise<void> {
  const { settings } = loaded;
  const { createPromptJob } = await import('./prompt-job.js');
  const { rankPrompts } = await import('../../../rank-prompts.js');
  const { formatRanking, rankingToJson } = await import('./format-ranking.js');
  const progress = createProgress(settings);
  const { job, notes } = await createPromptJob(outDir, loaded, abortOnSignals('Nothing was written.', settings));
  for (const note of notes) progress.note(note);
  const ranking = await rankPrompts(job, progress);
  if (settings.json) printJson(rankingToJson(ranking, job.ontology));
  else if (!settings.quiet) process.stdout.write(formatRanking(ranking, job.ontology));
}
