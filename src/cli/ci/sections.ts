/**
 * What a CI system folds in its log. Both read it from either stream; it goes to stderr, where stdout may be JSON.
 *
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 * @see https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
 */

/** What is written before and after a section; nothing outside of a CI system that is known. */
export interface SectionMarks {
  readonly begin: string;
  readonly end: () => string;
}

/**
 * @param id - Of letters, digits and `_`.
 * @param title - One line without control characters.
 */
export function sectionMarks(
  { id, title }: { id: string; title: string },
  environment: NodeJS.ProcessEnv,
): SectionMarks {
  if (environment['GITHUB_ACTIONS'] === 'true') return { begin: `::group::${title}\n`, end: () => '::endgroup::\n' };
  if (environment['GITLAB_CI'] === 'true') {
    const mark = (what: string, text: string) => `\u001b[0Ksection_${what}:${secondsNow()}:${id}\r\u001b[0K${text}\n`;
    return { begin: mark('start', title), end: () => mark('end', '') };
  }
  return { begin: '', end: () => '' };
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
