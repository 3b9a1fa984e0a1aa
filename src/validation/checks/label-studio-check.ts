import { dirname, join } from 'node:path';
import { readWholeFile } from '../../disk/readable-file.js';
import { readLabels, readTagNames } from '../../formats/label-studio/label-config.js';
import { listExports, MAX_CONFIG_BYTES } from '../../formats/label-studio/read.js';
import { addressIn } from '../../formats/label-studio/task-reader.js';
import { LABEL_CONFIG, MAX_TASKS } from '../../formats/label-studio/write.js';
import { isFields, numberOf, textOf, type Fields } from '../../formats/reading/fields.js';
import { readJsonItems } from '../../formats/reading/json-items.js';
import type { FormatCheck } from '../check.js';
import type { Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { checkMark } from './texts.js';

/** What Label Studio loads images from. */
const LOADABLE = /^(?:https?|s3s?|gs|azure-blob|azure_spi|data|redis):|\/data\/(?:local-files|upload)\//i;

/** The names that a labelling interface declares. */
interface LabelConfig {
  readonly tags: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

/** Tasks of Label Studio, to be imported or exported. */
export function labelStudioCheck(): FormatCheck {
  return {
    files: async (probe, report) => {
      const files = await listExports(probe);
      if (files.length === 0) return; // for the reader to report
      const config = await readConfig(join(dirname(files[0]!), LABEL_CONFIG), report);
      for (const file of files) {
        await checkMark(file, report);
        const tasks = new TaskChecks({ file, config }, report);
        for await (const items of readJsonItems(file, [''])) for (const { value } of items) tasks.take(value);
        tasks.finish();
      }
    },
  };
}

async function readConfig(file: string, report: Report): Promise<LabelConfig | undefined> {
  const text = await readWholeFile(file, MAX_CONFIG_BYTES).catch(() => undefined);
  if (text === undefined) {
    report({ rule: 'label-studio-config', file, problem: 'is not there' });
    return undefined;
  }
  return { tags: new Set(readTagNames(text)), labels: new Set(readLabels(text)) };
}

class TaskChecks {
  readonly #file: string;
  readonly #config: LabelConfig | undefined;
  readonly #report: Report;
  #tasks = 0;

  constructor({ file, config }: { file: string; config: LabelConfig | undefined }, report: Report) {
    this.#file = file;
    this.#config = config;
    this.#report = report;
  }

  take(task: unknown): void {
    this.#tasks++;
    if (!isFields(task)) return;
    const isFull = isFields(task['data']);
    const entry = numberOf(task['id']) === undefined ? `item ${this.#tasks}` : `task ${numberOf(task['id'])}`;
    const address = addressIn(isFull ? (task['data'] as Fields) : task);
    if (address !== undefined && !LOADABLE.test(address))
      this.#note('label-studio-address', entry, `has the image ${address}`);
    if (!isFull) return; // a minimal export has neither tags nor ids
    for (const list of [task['annotations'], task['predictions']])
      for (const made of (Array.isArray(list) ? list : []) as unknown[])
        if (isFields(made) && Array.isArray(made['result'])) this.#checkRegions(made['result'], entry);
  }

  finish(): void {
    if (this.#tasks > MAX_TASKS)
      this.#report({ rule: 'label-studio-tasks', file: this.#file, problem: `has ${this.#tasks} tasks` });
  }

  #checkRegions(regions: readonly unknown[], task: string): void {
    const ids = new Set<string>();
    let isSized = true;
    for (const [index, region] of regions.entries()) {
      if (!isFields(region) || !isFields(region['value']) || region['type'] === 'choices') continue;
      const id = textOf(region['id']);
      const entry = `${task}, region ${id ?? index}`;
      const key = `${id ?? ''}\n${String(region['type'])}`;
      if (id === undefined) this.#note('label-studio-region-id', entry, 'has no id');
      else if (ids.has(key)) this.#note('label-studio-region-id', entry, 'comes a second time');
      ids.add(key);
      this.#checkTags(region, entry);
      isSized &&= (numberOf(region['original_width']) ?? 0) > 0 && (numberOf(region['original_height']) ?? 0) > 0;
    }
    if (!isSized) this.#note('image-size-missing', task, 'has a region without original_width and original_height');
  }

  #checkTags(region: Fields, entry: string): void {
    for (const key of ['from_name', 'to_name']) {
      const name = textOf(region[key]);
      if (name === undefined) this.#note('label-studio-tags', entry, `has no ${key}`);
      else if (this.#config !== undefined && !this.#config.tags.has(name))
        this.#note('label-studio-tags', entry, `has the ${key} "${name}", which ${LABEL_CONFIG} does not have`);
    }
    const labels = (region['value'] as Fields)[String(region['type'])];
    for (const label of (Array.isArray(labels) ? labels : []) as unknown[])
      if (this.#config !== undefined && typeof label === 'string' && !this.#config.labels.has(label))
        this.#note('class-unknown', entry, `has the label "${label}", which ${LABEL_CONFIG} does not declare`);
  }

  #note(rule: RuleId, entry: string, problem: string): void {
    this.#report({ rule, file: this.#file, entry, problem });
  }
}
