import { XmlEscaper } from '../../formats/xml/escape.js';
import type { FailedImage } from './annotations.js';

/** Stands for a run without failed images: Jenkins fails a build whose reports have no test at all. */
const PASSED = '<testcase classname="preannotate" name="all images"/>';

/**
 * The failed images of a run as JUnit XML, which CI systems show as failed tests. Images that did not fail are not in
 * it: there may be a million. Where none failed, one test that passed stands for all of them.
 *
 * @param seconds - That the run took.
 */
export function formatJunit(errors: readonly FailedImage[], seconds: number): string {
  const tests = Math.max(1, errors.length);
  const count = `tests="${tests}" failures="${errors.length}" errors="0" time="${seconds.toFixed(3)}"`;
  const xml = new XmlEscaper();
  const cases = errors.length === 0 ? [PASSED] : errors.map((error) => formatCase(error, xml));
  const lines = cases.map((one) => `    ${one}\n`);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="preannotate" ${count}>\n  <testsuite name="preannotate run" ${count}>\n` +
    `${lines.join('')}  </testsuite>\n</testsuites>\n`
  );
}

function formatCase({ image, code, message, hint = '' }: FailedImage, xml: XmlEscaper): string {
  const text = xml.escape(`${message} ${hint}`.trim());
  const failure = `<failure type="${xml.escape(code)}" message="${xml.escape(message)}">${text}</failure>`;
  return `<testcase classname="preannotate" name="${xml.escape(image)}">${failure}</testcase>`;
}
