import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { GalleryFacts } from '../../../core/gallery/pack.js';
import { colourOf } from '../../shared/colours.js';
import { formatCount } from '../../shared/count.js';
import { backend, follow, pack, selectionVersion, table, thresholds } from '../app/state.js';
import { EvaluationTable, toEvaluation } from './evaluation-table.js';
import { FactTable } from './fact-table.js';

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
      <FactList facts={facts} />
    </section>
  );
}

function FactList({ facts }: { readonly facts: GalleryFacts['run'] }) {
  return (
    <dl>
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
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
      <FactTable
        label="Boxes per class"
        columns={['Class', 'Threshold', 'Shown', 'Stored']}
        rows={facts.classes.map(({ name }, i) => ({
          name,
          mark: <Swatch colour={colourOf(i).fill} />,
          cells: [
            (thresholds.value[i] ?? 0).toFixed(3),
            formatCount(table.value?.shownOfClass[i] ?? 0),
            formatCount(stored[i]!),
          ],
        }))}
      />
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
      <FactList facts={[...counts].map(([code, count]) => [code, formatCount(count)])} />
      <p class="hint">Choose “Failed” as the state in the filters to see each with its reason.</p>
    </section>
  );
}
