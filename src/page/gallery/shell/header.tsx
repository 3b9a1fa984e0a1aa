import { counts } from '../app/decisions.js';
import { pack } from '../app/state.js';

/** Title and progress. */
export function Header() {
  const { accepted, all } = counts.value;
  return (
    <header class="top">
      <h1>{pack.value?.facts.title}</h1>
      <p class="progress">
        {accepted} of {all} images accepted
      </p>
    </header>
  );
}
