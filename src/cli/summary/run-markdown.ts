import type { ReadStatistics } from '../../statistics/read-statistics.js';
import {
  classRows,
  describeCounts,
  describeOthers,
  describeSizes,
  thresholdRows,
} from '../figures/format-statistics.js';
import { markdownParagraph, markdownTable } from './markdown.js';

/**
 * What a run has found, as Markdown.
 *
 * @param model - As the user wrote it.
 * @param stopped - Why the run was stopped before its last image, if it was.
 */
export function runMarkdown(
  { statistics, failed = {} }: Pick<ReadStatistics, 'statistics' | 'failed'>,
  model: string,
  stopped?: string,
): string {
  const { classes, thresholds } = statistics;
  const reasons = Object.entries(failed).map(([code, count]) => [code, String(count)]);
  const parts = [
    '## Draft annotations\n',
    markdownParagraph(stopped === undefined ? [] : [stopped]),
    markdownParagraph([...describeCounts(statistics), ...describeSizes(statistics), `Model: ${model}.`]),
    ...(reasons.length === 0 ? [] : ['### Failed\n', markdownTable([['reason', 'images'], ...reasons])]),
    ...(statistics.boxes === 0 ? [] : ['### Classes\n', markdownTable(classRows(classes))]),
    markdownParagraph(describeOthers(classes)),
    ...(thresholds.length === 0
      ? []
      : ['### What each threshold would leave\n', markdownTable(thresholdRows(statistics))]),
  ];
  return parts.filter((part) => part !== '').join('\n');
}
