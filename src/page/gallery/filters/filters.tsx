import { filter } from '../app/state.js';

/** Which images are shown, and from which score on boxes are. */
export function Filters() {
  return (
    <label class="field">
      Name contains
      <input
        type="search"
        value={filter.value.text}
        onInput={({ currentTarget }) => (filter.value = { ...filter.value, text: currentTarget.value })}
      />
    </label>
  );
}
