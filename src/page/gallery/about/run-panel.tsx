import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { GalleryFacts } from '../../../core/gallery/pack.js';
import { colourOf } from '../../shared/colours.js';
import { formatCount } from '../../shared/count.js';
import { backend, follow, pack, selectionVersion, table, thresholds } from '../app/state.js';
import { EvaluationTable, toEvaluation } from './evaluation-table.js';

export const isPanelOpen = signal(false);

/** What is known of the run: how it was made, boxes per class, failures by reason, how good it is. */
export function RunPanel() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { run, evaluation } = pack.value!.facts;
  const places = backend.value?.places;
  const evaluated = toEvaluation(evaluation);
  return (
    <dialog ref={dialog} class="about" aria-labelledby="about-title" onClose={() => (isPanelOpen.value = false)}>
      <div class="about-head">
        <h2 id="about-title">About this run</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {evaluated !== undefined && <EvaluationTable evaluation={evaluated} />}
      <BoxesPerClass />
      <FailureReasons />
      <Facts title="How it was made" facts={run} />
      {places !== undefined && <Facts title="Where it is" facts={places} />}
    </dialog>
  );
}

function Facts({ title, facts }: { readonly title: string; readonly facts: GalleryFacts['run'] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd dir="auto">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** At the thresholds as they are set. */
function BoxesPerClass() {
  follow(selectionVersion);
  const { facts, boxes } = pack.value!;
  const stored = new Uint32Array(facts.classes.length);
  for (const classIndex of boxes.classes) stored[classIndex]!++;
  return (
    <section>
      <h3>Boxes per class</h3>
      <div class="scroller" tabIndex={0} role="group" aria-label="Boxes per class">
        <table>
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Threshold</th>
              <th scope="col">Shown</th>
              <th scope="col">Stored</th>
            </tr>
          </thead>
          <tbody>
            {facts.classes.map(({ name }, i) => (
              <tr key={name}>
                <th scope="row" dir="auto">
                  <Swatch colour={colourOf(i).fill} /> {name}
                </th>
                <td>{(thresholds.value[i] ?? 0).toFixed(3)}</td>
                <td>{formatCount(table.value?.shownOfClass[i] ?? 0)}</td>
                <td>{formatCount(stored[i]!)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Swatch({ colour }: { readonly colour: string }) {
  const element = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (element.current !== null) element.current.style.background = colour;
  }, [colour]);
  return <span ref={element} class="swatch" aria-hidden="true" />;
}

function FailureReasons() {
  const { failures } = pack.value!.facts;
  if (failures.length === 0) return null;
  const counts = new Map<string, number>();
  for (const { code } of failures) counts.set(code, (counts.get(code) ?? 0) + 1);
  return (
    <section>
      <h3>Images that failed</h3>
      <dl>
        {[...counts].map(([code, count]) => (
          <div key={code}>
            <dt>
              <code>{code}</code>
            </dt>
            <dd>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">Choose “Failed” as the state in the filters to see each with its reason.</p>
    </section>
  );
}
