import { answer, filter, order, pack, sort } from '../app/state.js';
import { isFiltered, NO_FILTER } from '../data/filter.js';
import type { SortKey } from '../data/order.js';

const SORTS: Readonly<Record<SortKey, string>> = {
  name: 'Name',
  uncertainty: 'Uncertainty',
  score: 'Score',
  class: 'Class',
  unreviewed: 'Unreviewed first',
  similar: 'Near duplicates together',
};

/** How many images are shown, and in which order. */
export function Toolbar() {
  const { images, failures } = pack.value!.facts;
  const isFailed = filter.value.state === 'failed';
  const [shown, all] = isFailed ? [failures.length, failures.length] : [order.value.length, images.ids.length];
  const { by, isReversed } = sort.value;
  return (
    <div class="toolbar">
      <span role="status">{shown === all ? `${format(all)} images` : `${format(shown)} of ${format(all)} images`}</span>
      {isFiltered(filter.value) && (
        <button type="button" onClick={() => (filter.value = NO_FILTER)}>
          Clear filters
        </button>
      )}
      <span class="sort">
        <label>
          <span>Sort by</span>
          <select
            value={by}
            disabled={answer.value !== undefined}
            title={answer.value === undefined ? undefined : 'An answer is sorted by score.'}
            onChange={({ currentTarget }) => (sort.value = { by: currentTarget.value as SortKey, isReversed })}
          >
            {Object.entries(SORTS).map(([key, title]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="reverse"
          aria-pressed={isReversed}
          aria-label="Reverse the order"
          title="Reverse the order"
          onClick={() => (sort.value = { by, isReversed: !isReversed })}
        >
          {isReversed ? '↑' : '↓'}
        </button>
      </span>
    </div>
  );
}

function format(count: number): string {
  return count.toLocaleString('en');
}
