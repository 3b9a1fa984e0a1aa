import { VerifyFeaturesConfig } from '../../../config/schema.js';
import { counted, formatBytes, printable } from '../../../core/text.js';
import type { FeatureProblem, Verified } from '../../../features/verify-store.js';
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
removed. What cannot be read now may be sound, and is never removed.`,
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

function formatVerified(verified: Verified, fix: boolean): string {
  const { files, bytes, problems, unread, leftOver } = verified;
  const parts = [
    ...(problems > unread ? [formatUnusable(verified, fix)] : []),
    ...(unread > 0 ? [`${counted(unread, 'path')} cannot be read as a file`] : []),
    ...(problems === 0 ? ['all can be used'] : []),
  ];
  if (leftOver > 0) {
    const rest = counted(leftOver, 'half-written file', 'half-written files');
    parts.push(`${rest} of killed runs${fix ? ' removed' : ', which --fix removes'}`);
  }
  return `${counted(files, 'file')} checked, ${formatBytes(bytes)}: ${parts.join('; ')}.`;
}

function formatUnusable({ problems, unread, removed }: Verified, fix: boolean): string {
  const unusable = problems - unread;
  const what = `${counted(unusable, 'file')} cannot be used`;
  if (!fix) return `${what}; --fix removes ${unusable === 1 ? 'it' : 'them'}`;
  if (removed === unusable) return `${what} and ${unusable === 1 ? 'was' : 'were'} removed`;
  return `${what}; ${counted(unusable - removed, 'file')} could not be removed`;
}
