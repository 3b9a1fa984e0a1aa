import { counted, formatCount } from '../../shared/count.js';
import { canReview } from '../app/decisions.js';
import { answer, filter, order, pack, sort } from '../app/state.js';
import { filterFailures } from '../data/failures.js';
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
  const [shown, all] = isFailed
    ? [filterFailures(failures, filter.value).length, failures.length]
    : [order.value.length, images.ids.length];
  return (
    <div class="toolbar">
      <span role="status">
        {shown === all ? '' : `${formatCount(shown)} of `}
        {counted(all, 'image')}
      </span>
      {isFiltered(filter.value) && (
        <button type="button" onClick={() => (filter.value = NO_FILTER)}>
          Clear filters
        </button>
      )}
      {!isFailed && canReview.value && <span class="hint how-to-accept">Space or ✓ accepts, Enter opens</span>}
      {!isFailed && <SortBy />}
    </div>
  );
}

function SortBy() {
  const { by, isReversed } = sort.value;
  const isAnswer = answer.value !== undefined;
  return (
    <span class="sort">
      <label>
        <span>Sort by</span>
        <select
          value={isAnswer ? 'score' : by}
          disabled={isAnswer}
          title={isAnswer ? 'An answer is sorted by score.' : undefined}
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
        disabled={isAnswer}
        aria-pressed={isReversed}
        aria-label="Reverse the order"
        title="Reverse the order"
        onClick={() => (sort.value = { by, isReversed: !isReversed })}
      >
        {isReversed ? '↑' : '↓'}
      </button>
    </span>
  );
}
