import { counted, formatCount } from '../../shared/count.js';
import { FactTable } from './fact-table.js';

/** What the page shows of an evaluation, as `eval --json` gives it. */
interface Evaluation {
  readonly images: number;
  readonly objects: number;
  readonly stats: { readonly AP: number; readonly AP50: number; readonly AR100: number };
  readonly per_class: readonly {
    readonly name: string;
    readonly objects: number;
    readonly ap: number | null;
    readonly ap50: number | null;
    readonly best_f1: { readonly threshold: number; readonly f1: number } | null;
  }[];
  readonly work_left?: { readonly shares?: Readonly<Partial<Record<'stay' | 'adjust' | 'delete' | 'draw', number>>> };
}

/** @returns undefined for what is none, such as that of another version. */
export function toEvaluation(value: unknown): Evaluation | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { stats, per_class: classes } = value as Partial<Evaluation>;
  return typeof stats?.AP === 'number' && Array.isArray(classes) ? (value as Evaluation) : undefined;
}

/** How good the boxes are, against a corrected data set. */
export function EvaluationTable({ evaluation }: { readonly evaluation: Evaluation }) {
  const { images, objects, stats, per_class: classes, work_left: work } = evaluation;
  const seen = `${counted(objects, 'object')} in ${counted(images, 'image')}`;
  return (
    <section>
      <h3>How good it is</h3>
      <p>
        AP {figure(stats.AP)}, AP50 {figure(stats.AP50)}, of {seen}. {describeWork(work?.shares)}
      </p>
      <FactTable
        label="Figures of each class"
        columns={['Class', 'Objects', 'AP', 'AP50', 'Best F1', 'at threshold']}
        rows={classes.map(({ name, objects: count, ap, ap50, best_f1: best }) => ({
          name,
          cells: [formatCount(count), ...[ap, ap50, best?.f1, best?.threshold].map(figure)],
        }))}
      />
    </section>
  );
}

function describeWork(shares: NonNullable<Evaluation['work_left']>['shares']): string {
  if (shares?.stay === undefined) return '';
  const percent = (share = 0) => `${Math.round(100 * share)} %`;
  return (
    `Of the boxes, ${percent(shares.stay)} can stay, ${percent(shares.adjust)} need a correction and ` +
    `${percent(shares.delete)} are wrong; ${percent(shares.draw)} of the objects have none.`
  );
}

/** COCO gives -1 where there is nothing to measure. */
function figure(value: number | null | undefined): string {
  return value === null || value === undefined || value < 0 ? '–' : value.toFixed(3);
}
