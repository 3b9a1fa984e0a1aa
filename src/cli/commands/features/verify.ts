import { VerifyFeaturesConfig } from '../../../config/schema.js';
import { counted, printable } from '../../../core/text.js';
import type { FeatureProblem, Verified } from '../../../features/verify-store.js';
import { formatBytes } from '../../../progress/download.js';
import { printJson } from '../../output.js';
import type { FeaturesSubcommand } from './subcommand.js';

const PROBLEMS_EXIT_CODE = 3;

export const verifyCommand: FeaturesSubcommand<typeof VerifyFeaturesConfig> = {
  name: 'verify',
  description: 'Read every file and check that it is what was written. Exit code 3 if one cannot be used.',
  notes: `
Examples:
  preannotate features verify features
  preannotate features verify features --fix

A run never uses a damaged file: it computes the features again. With --fix, the exit code is 0 when every such file was
removed.`,
  schema: VerifyFeaturesConfig,
  action: async (folder, { fix, json, quiet }) => {
    const { verifyStore } = await import('../../../features/verify-store.js');
    const problems: FeatureProblem[] = [];
    const report = (problem: FeatureProblem) => {
      if (json) problems.push(problem);
      else process.stdout.write(`${formatProblem(problem)}\n`);
    };
    const verified = await verifyStore(folder, { fix, report });
    if (verified.removed < verified.problems) process.exitCode = PROBLEMS_EXIT_CODE;
    if (json) printJson(toJson(folder, verified, problems));
    else if (!quiet) process.stdout.write(`${formatVerified(verified, fix)}\n`);
  },
};

function toJson(folder: string, { files, bytes, removed, leftOver }: Verified, problems: readonly FeatureProblem[]) {
  return {
    folder,
    intact: problems.length === removed,
    files,
    bytes,
    left_over: leftOver,
    problems: problems.map(({ path, problem, isRemoved }) => ({ path, problem, removed: isRemoved })),
  };
}

function formatProblem({ path, problem, isRemoved }: FeatureProblem): string {
  return `${printable(path)}: ${printable(problem)}${isRemoved ? '; removed' : ''}`;
}

function formatVerified({ files, bytes, problems, removed, leftOver }: Verified, fix: boolean): string {
  const checked = `${counted(files, 'file')} checked, ${formatBytes(bytes)}`;
  const advice = removed === problems ? ' and were removed' : '; --fix removes them';
  const verdict = problems === 0 ? 'all can be used' : `${counted(problems, 'file')} cannot be used${advice}`;
  const rest = counted(leftOver, 'half-written file', 'half-written files');
  const left = leftOver === 0 ? '' : `; ${rest} of killed runs${fix ? ' removed' : ', which --fix removes'}`;
  return `${checked}: ${verdict}${left}.`;
}
