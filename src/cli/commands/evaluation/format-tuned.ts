import { stringify } from 'yaml';
import type { ChangedLine } from '../../../config/ontology/edit/thresholds.js';
import { counted } from '../../../core/text.js';
import type { OntologySpec } from '../../../core/ontology.js';
import type { Estimate } from '../../../evaluation/resample.js';
import type { TunedGroup } from '../../../evaluation/thresholds/tune.js';
import { table } from '../../figures/table.js';
import type { TunedRun } from './tune-run.js';

/** More rows of classes that stay as they are, are not read. */
const NAMED = 10;

/** What was chosen, for people. */
export function formatTuned({ ontology, groups, images }: TunedRun, goal: string): string {
  const nameOf = (group: TunedGroup) => groupName(group, ontology);
  const known = groups.filter(({ outcome }) => outcome === 'tuned' || outcome === 'kept');
  const few = groups.filter(({ outcome }) => outcome === 'too few objects');
  const unreached = groups.filter(({ outcome }) => outcome === 'not reached');
  const rows = known.map((group) => {
    const { objects, before, after, threshold, gain, figures } = group;
    return [
      nameOf(group),
      String(objects),
      String(before),
      group.outcome === 'kept' ? 'kept' : String(after),
      interval(threshold!, 2),
      `${figures.before.f1.toFixed(3)} > ${figures.after.f1.toFixed(3)}`,
      `${figures.before.precision.toFixed(2)} > ${figures.after.precision.toFixed(2)}`,
      `${figures.before.recall.toFixed(2)} > ${figures.after.recall.toFixed(2)}`,
      `${signed(gain!.value)} ${interval(gain!, 3)}`,
    ];
  });
  const header = [
    'class',
    'n',
    'threshold',
    'new',
    '95 %',
    'F1',
    'precision',
    'recall',
    goal.startsWith('least') ? 'seconds saved' : `gain in ${goal.replace(/=.*/, '')}`,
  ];
  const lines = [
    `Thresholds for ${goal}, chosen on ${counted(images, 'image')} (n: objects; 95 %: intervals by resampling images).`,
    ...(known.length === 0 ? ['No class has enough objects.'] : ['', ...table([header, ...rows])]),
    ...(known.length === 0 ? [] : ['', 'The gain is that on these images; on others expect less.']),
    ...unreached.map((group) => `${nameOf(group)}: no threshold reaches ${goal}; ${group.before} is kept.`),
    ...(few.length === 0 ? [] : [describeFew(few, nameOf)]),
  ];
  return `${lines.join('\n')}\n`;
}

function describeFew(few: readonly TunedGroup[], nameOf: (group: TunedGroup) => string): string {
  const named = few.slice(0, NAMED).map((group) => `${nameOf(group)} (${group.objects})`);
  const more = few.length > NAMED ? ` and ${few.length - NAMED} more` : '';
  return `Too few objects to choose a threshold, which is kept: ${named.join(', ')}${more}.`;
}

/** What --json prints. */
export function tunedToJson({ ontology, groups, images }: TunedRun, goal: string) {
  return {
    for: goal,
    images,
    thresholds: groups.map(({ classIds, outcome, threshold, gain, ...rest }) => ({
      classes: classIds.map((classId) => ontology.classes[classId]!.name),
      outcome,
      ...rest,
      interval: threshold && [threshold.low, threshold.high],
      gain: gain && { value: gain.value, interval: [gain.low, gain.high] },
    })),
  };
}

/** The lines of a file that change, as `diff` shows them. */
export function formatChanges(name: string, changes: readonly ChangedLine[]): string {
  const lines = changes.flatMap(({ line, before, after }) => [
    `@@ line ${line}`,
    ...(before === undefined ? [] : [`- ${before}`]),
    `+ ${after}`,
  ]);
  return `--- ${name}\n${lines.join('\n')}\n`;
}

/** The ontology in full form, with thresholds changed. */
export function toYaml(spec: OntologySpec, { groups }: Pick<TunedRun, 'groups'>): string {
  const [common, byClass] = chosenThresholds(spec, groups);
  const { templates, canonical = true, threshold = common, classes, ignore, ignoreExamples = [] } = spec;
  const examplesOf = (examples: NonNullable<OntologySpec['ignoreExamples']>) =>
    examples.map(({ image, box }) => ({ image, ...(box === undefined ? {} : { box: [...box] }) }));
  return stringify(
    {
      ...(templates.length === 0 ? {} : { templates }),
      ...(canonical ? {} : { canonical }),
      ...(threshold === undefined ? {} : { threshold: common ?? threshold }),
      classes: classes.map(({ name, id, prompts, examples = [], threshold: own }) => {
        const value = byClass.get(name) ?? own;
        return {
          ...{ name, id },
          ...(prompts.length === 0 ? {} : { prompts }),
          ...(examples.length === 0 ? {} : { examples: examplesOf(examples) }),
          ...(value === undefined ? {} : { threshold: value }),
        };
      }),
      ...(ignore.length + ignoreExamples.length === 0 ? {} : { ignore: [...ignore, ...examplesOf(ignoreExamples)] }),
    },
    { lineWidth: 0 },
  );
}

/**
 * What is to be written: the threshold of a shared group, and those of single classes. One that is kept is written too
 * where the shared one would replace it.
 */
export function chosenThresholds(
  { classes }: OntologySpec,
  groups: readonly TunedGroup[],
): [common: number | undefined, byClass: Map<string, number>] {
  const common = groups.find(({ classIds, outcome }) => classIds.length > 1 && outcome === 'tuned')?.after;
  const single = groups.filter(({ classIds }) => classIds.length === 1);
  const written = single.flatMap(({ classIds, outcome, after }) => {
    const { name, threshold } = classes[classIds[0]!]!;
    const isReplaced = common !== undefined && threshold === undefined && after !== common;
    return outcome === 'tuned' || isReplaced ? [[name, after] as const] : [];
  });
  return [common, new Map(written)];
}

function groupName({ classIds }: TunedGroup, { classes }: OntologySpec): string {
  return classIds.length === 1 ? classes[classIds[0]!]!.name : `${classIds.length} other classes together`;
}

function interval({ low, high }: Estimate, decimals: number): string {
  return `[${low.toFixed(decimals)}, ${high.toFixed(decimals)}]`;
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(3)}`;
}
