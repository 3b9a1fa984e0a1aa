import { filter, pack } from '../app/state.js';

/** Images that could not be annotated, with reasons. */
export function Failures() {
  const text = filter.value.text.toLowerCase();
  const failures = pack.value!.facts.failures.filter(({ name }) => name.toLowerCase().includes(text));
  if (failures.length === 0) return <p class="nothing">No image has failed.</p>;
  return (
    <ul class="failures" tabIndex={0} aria-label="Images that failed">
      {failures.map(({ name, code, message }) => (
        <li key={name}>
          <b dir="auto">{name}</b>
          <span>{message}</span>
          <code>{code}</code>
        </li>
      ))}
    </ul>
  );
}
