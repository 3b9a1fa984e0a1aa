import { counted } from '../../core/text.js';
import type { EvaluationReport } from '../../evaluation/report.js';
import { classFigureRows, describeConfused, describeWork, figureRows, workRows } from '../figures/format-report.js';
import { markdownParagraph, markdownTable } from './markdown.js';

/** The figures of an evaluation, as Markdown. */
export function evalMarkdown(report: EvaluationReport): string {
  const { images, objects, detections, iou } = report;
  const { rows, left } = classFigureRows(report);
  const compared = `${counted(images, 'image')}, ${counted(objects, 'object')}, ${counted(detections, 'detection')}.`;
  const each = `F1, precision and recall at IoU ${iou}, each with the threshold that is best for the class.`;
  const parts = [
    '## Drafts against the corrected data set\n',
    markdownParagraph([compared]),
    ...figureRows(report).map(markdownTable),
    '### Classes\n',
    markdownTable(rows),
    markdownParagraph([...left, each, ...describeConfused(report)]),
    '### Work left\n',
    markdownTable(workRows(report)),
    markdownParagraph([describeWork(report)]),
  ];
  return parts.join('\n');
}
