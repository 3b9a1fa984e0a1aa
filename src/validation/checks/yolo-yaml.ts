import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';
import { readTextFile } from '../../disk/regular-file.js';
import { MAX_JSON_BYTES } from '../../disk/json.js';
import type { DataSetProbe } from '../../formats/reading/probe.js';
import { DATA_YAML, isDataYaml } from '../../formats/yolo/description.js';
import type { Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { checkMark } from './texts.js';

type ReportAt = (rule: RuleId, node: unknown, problem: string) => void;

/** Reads `data.yaml` as PyYAML does, and as Ultralytics uses it. */
export async function checkDataYaml(probe: DataSetProbe, report: Report): Promise<void> {
  const file = await findDataYaml(probe);
  if (file === undefined) return;
  await checkMark(file, report);
  const lines = new LineCounter();
  const text = (await readTextFile(file, MAX_JSON_BYTES)).replace(/^\ufeff/, '');
  const { contents } = parseDocument(text, { version: '1.1', lineCounter: lines });
  if (!isMap(contents)) {
    const problem = 'has no "train", "val" and "names"';
    if (!isDataYaml(file, text)) report({ rule: 'file-unreadable', file, problem });
    return; // else for the reader to report
  }
  const reportAt: ReportAt = (rule, node, problem) => {
    const offset = (node as Node | undefined)?.range?.[0];
    report({ rule, file, line: offset === undefined ? undefined : lines.linePos(offset).line, problem });
  };
  for (const part of ['train', 'val'])
    if ((contents.get(part) ?? null) === null) reportAt('yolo-parts', undefined, `does not name "${part}"`);
  const nc = contents.get('nc', true);
  if (nc !== undefined) reportAt('yolo-nc', nc, `has "nc: ${String(contents.get('nc'))}"`);
  await checkPath(contents, file, reportAt);
  checkNames(contents.get('names', true), reportAt);
}

async function findDataYaml(probe: DataSetProbe): Promise<string | undefined> {
  const files = probe.isFolder ? [...(await probe.files('.yaml')), ...(await probe.files('.yml'))] : [probe.path];
  for (const file of files) if (isDataYaml(file, (await probe.head(file)) ?? '')) return file;
  return files.find((file) => DATA_YAML.test(basename(file))); // the reader does without it, other programs stop
}

async function checkPath(contents: YAMLMap, file: string, report: ReportAt): Promise<void> {
  const node = contents.get('path', true);
  const path = isScalar(node) ? (node.source ?? '') : ''; // as text: the parser takes a dot for a number
  if (/^\.{1,2}(?:\/|$)/.test(path)) report('yolo-path', node, `has "path: ${path}"`);
  else if (isAbsolute(path) && !(await isFolder(resolve(dirname(file), path))))
    report('yolo-path', node, `has "path: ${path}", which is not there`);
}

function checkNames(names: unknown, report: ReportAt): void {
  if (!isMap(names) && !isSeq(names)) return;
  const numbers: number[] = [];
  for (const item of names.items) {
    const node: unknown = isPair(item) ? item.value : item;
    if (isPair(item) && isScalar(item.key)) numbers.push(Number(item.key.value));
    if (isScalar(node) && typeof node.value !== 'string')
      report(
        'yolo-names',
        node,
        `has a name that YAML 1.1 reads as ${JSON.stringify(node.value)}: ${node.source ?? ''}`,
      );
  }
  const missing = numbers.length === 0 ? -1 : numbers.findIndex((_, number) => !numbers.includes(number));
  if (missing !== -1) report('yolo-names', names, `numbers ${numbers.length} names, and has no ${missing}`);
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
