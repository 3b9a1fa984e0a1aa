import { filter, pack } from '../app/state.js';
import { filterFailures, reasonOf } from '../data/failures.js';

/** Images that could not be annotated, with reasons. */
export function Failures() {
  const all = pack.value!.facts.failures;
  const failures = filterFailures(all, filter.value);
  if (failures.length === 0) {
    const text = all.length === 0 ? 'No image has failed.' : 'No image that failed is left by the filters.';
    return <p class="nothing">{text}</p>;
  }
  return (
    <ul class="failures" tabIndex={0} aria-label="Images that failed">
      {failures.map((failure) => (
        <li key={failure.name}>
          <b dir="auto">{failure.name}</b>
          <span>{reasonOf(failure)}</span>
          <code>{failure.code}</code>
        </li>
      ))}
    </ul>
  );
}
