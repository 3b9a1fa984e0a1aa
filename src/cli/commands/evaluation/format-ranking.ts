import { counted } from '../../../core/text.js';
import type { OntologySpec } from '../../../core/ontology.js';
import type { WordingFigures } from '../../../evaluation/wordings/rank-wordings.js';
import type { PromptRanking } from '../../../rank-prompts.js';
import { table } from '../../figures/table.js';

const MAX_PAIRS = 10;
const TOGETHER = '(all together)';

/** The ranking for people: a block for each class. */
export function formatRanking(
  { images, classes, confused, templates, ap }: PromptRanking,
  ontology: OntologySpec,
): string {
  const nameOf = (classId: number) => ontology.classes[classId]!.name;
  const lines = [
    `${counted(images, 'image')}. Each prompt asked alone, best AP first.`,
    '',
    ...table([
      ['class, prompt', 'n', 'AP', 'AP50', 'recall', 'best F1', 'threshold'],
      ...classes.flatMap(({ classId, objects, together, prompts }) => [
        [nameOf(classId), String(objects)],
        ...prompts.map(({ prompt, ...figures }) => row(prompt, figures)),
        ...(prompts.length > 1 ? [row(TOGETHER, together)] : []),
      ]),
    ]),
    '',
    ...(templates.length === 0
      ? []
      : [
          ...table([
            ['template', 'AP'],
            ...templates.map((one) => [one.template, one.ap.toFixed(3)]),
            ['(their mean)', ap.toFixed(3)],
          ]),
          '',
        ]),
    ...(confused.length === 0 ? ['No object was found as one of another class.'] : ['Taken for each other:']),
    ...confused.slice(0, MAX_PAIRS).map(({ classIds: [a, b], count, prompts }) => {
      const by = prompts.map((one) => `"${one.prompt}" (${one.count})`).join(', ');
      return `  ${nameOf(a)} and ${nameOf(b)}: ${count}, by ${by}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, { ap, ap50, recall, best_f1: best }: WordingFigures): string[] {
  const figures = [ap, ap50, recall, ...(best === null ? [] : [best.f1])].map((value) => value.toFixed(3));
  return [`  ${name}`, '', ...figures, ...(best === null ? ['-', '-'] : [String(best.threshold)])];
}

/** What --json prints. */
export function rankingToJson({ classes, confused, ...rest }: PromptRanking, ontology: OntologySpec) {
  const nameOf = (classId: number) => ontology.classes[classId]!.name;
  return {
    ...rest,
    classes: classes.map(({ classId, ...figures }) => ({ name: nameOf(classId), ...figures })),
    confused: confused.map(({ classIds, ...pair }) => ({ classes: classIds.map(nameOf), ...pair })),
  };
}
