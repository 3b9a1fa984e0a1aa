import { counted, formatCount } from '../../shared/count.js';

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
      <div class="scroller" tabIndex={0} role="group" aria-label="Figures of each class">
        <table>
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Objects</th>
              <th scope="col">AP</th>
              <th scope="col">AP50</th>
              <th scope="col">Best F1</th>
              <th scope="col">at threshold</th>
            </tr>
          </thead>
          <tbody>
            {classes.map(({ name, objects: count, ap, ap50, best_f1: best }) => (
              <tr key={name}>
                <th scope="row" dir="auto">
                  {name}
                </th>
                <td>{formatCount(count)}</td>
                <td>{figure(ap)}</td>
                <td>{figure(ap50)}</td>
                <td>{figure(best?.f1)}</td>
                <td>{figure(best?.threshold)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
