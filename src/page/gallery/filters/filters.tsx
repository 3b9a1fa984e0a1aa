import { resetThresholds } from '../app/selection.js';
import { backend, filter, pack, thresholds } from '../app/state.js';
import type { Filter, ImageState } from '../data/filter.js';
import { ClassList } from './class-list.js';
import { ScoreRange } from './score-range.js';

const STATES: Readonly<Record<ImageState, string>> = {
  untouched: 'Not reviewed',
  open: 'Begun',
  accepted: 'Accepted',
  suggested: 'Accepted, with new boxes',
  empty: 'Nothing found',
  degraded: 'Annotated with less',
  failed: 'Failed',
};

/** States that exist only where something can be reviewed. */
const OF_REVIEW: readonly string[] = ['untouched', 'open', 'accepted', 'suggested'];

/** Which images are shown, and from which score on boxes are. */
export function Filters() {
  const { facts } = pack.value!;
  const isMoved = thresholds.value.some((value, i) => value !== facts.classes[i]?.threshold);
  return (
    <>
      <section class="filters" aria-labelledby="filters-title">
        <h2 id="filters-title">Filters</h2>
        <label class="field">
          <span>Name contains</span>
          <input
            type="search"
            value={filter.value.text}
            onInput={({ currentTarget }) => change({ text: currentTarget.value })}
          />
        </label>
        <StateChoice />
        {facts.prompts.length > 1 && <PromptChoice />}
        <ScoreRange />
      </section>
      <section class="classes" aria-labelledby="classes-title">
        <div class="heading">
          <h2 id="classes-title">Classes and thresholds</h2>
          <button type="button" disabled={!isMoved} onClick={resetThresholds}>
            Reset
          </button>
        </div>
        <ClassList />
      </section>
    </>
  );
}

function StateChoice() {
  const { failures } = pack.value!.facts;
  const states = Object.entries(STATES).filter(
    ([key]) => backend.value?.review !== undefined || !OF_REVIEW.includes(key),
  );
  return (
    <label class="field">
      <span>State</span>
      <select
        value={filter.value.state ?? ''}
        onChange={({ currentTarget }) => change({ state: (currentTarget.value || undefined) as Filter['state'] })}
      >
        <option value="">All images</option>
        {states.map(([key, title]) => (
          <option key={key} value={key}>
            {key === 'failed' ? `${title} (${failures.length})` : title}
          </option>
        ))}
      </select>
    </label>
  );
}

function PromptChoice() {
  const { prompt } = filter.value;
  return (
    <label class="field">
      <span>Found by prompt</span>
      <select
        value={prompt === undefined ? '' : String(prompt)}
        onChange={({ currentTarget: { value } }) => change({ prompt: value === '' ? undefined : Number(value) })}
      >
        <option value="">Any prompt</option>
        {pack.value!.facts.prompts.map(({ text, class: owner }, i) =>
          owner === -1 ? null : (
            <option key={i} value={String(i)}>
              {text}
            </option>
          ),
        )}
      </select>
    </label>
  );
}

function change(part: Partial<Filter>): void {
  filter.value = { ...filter.value, ...part };
}
