import {
  dismissRefused,
  isConnected,
  refused,
  saveAgain,
  sendRefusedAgain,
  unsavedCount,
  waiting,
} from '../app/decisions.js';
import { refusal } from '../app/open.js';
import { backend } from '../app/state.js';

/** Refused steps that are named; of more, the number is told. */
const MOST_NAMED = 5;

/** Whether everything is on disk. It says so only after the server has. */
export function SaveStatus() {
  const { readOnly } = backend.value!.review!;
  const count = unsavedCount.value;
  const isSaving = isConnected.value && waiting.value === undefined && count > refused.value.length;
  const isReadOnly = readOnly !== undefined && count === 0;
  const text = isReadOnly
    ? 'Read only'
    : count === 0
      ? 'All saved'
      : isSaving
        ? `Saving ${count}…`
        : `${count} not saved`;
  const kind = count === 0 ? 'is-saved' : isSaving ? 'is-saving' : 'is-unsaved';
  return (
    <span class={`save-status ${kind}`} role="status">
      {text}
    </span>
  );
}

/** What keeps changes from being saved. */
export function Banners() {
  const { review, fileNote } = backend.value ?? {};
  const readOnly = fileNote === undefined ? review?.readOnly : undefined;
  return (
    <>
      {fileNote !== undefined && fileNote !== '' && (
        <section class="banner is-note" aria-label="About this file">
          {fileNote}
        </section>
      )}
      {readOnly !== undefined && waiting.value?.kind !== 'blocked' && <p class="banner is-warning">{readOnly}</p>}
      <Waiting />
      {!isConnected.value && waiting.value?.kind !== 'busy' && (
        <p class="banner is-bad" role="alert">
          <Disconnected />
        </p>
      )}
      <RefusedSteps />
    </>
  );
}

/** The server is gone, or was started with another link. */
function Disconnected() {
  const count = unsavedCount.value;
  const lost = count === 0 ? 'Nothing is lost.' : `Not saved yet: ${count}.`;
  if (refusal.value !== undefined) {
    return (
      <span>
        {refusal.value} {lost} Keep this page open: it then goes on.
      </span>
    );
  }
  return (
    <span>
      The server does not answer. {lost} Keep this page open, and start <code>preannotate review</code> again: this page
      then goes on, unless the review has another port.
    </span>
  );
}

/** Why what waits is not saved yet, in the words of the server. */
function Waiting() {
  const problem = waiting.value;
  if (problem === undefined) return null;
  const isBlocked = problem.kind === 'blocked';
  return (
    <p class="banner is-bad" role="alert">
      <span>
        Not saved yet: {unsavedCount.value - refused.value.length}. {problem.message}{' '}
        {isBlocked ? 'Keep this page open: it has what is not saved.' : 'It is tried again.'}
      </span>
      <button type="button" onClick={saveAgain}>
        {isBlocked ? 'Try again' : 'Try now'}
      </button>
    </p>
  );
}

/** What the server did not accept, and why. */
function RefusedSteps() {
  const steps = refused.value;
  if (steps.length === 0) return null;
  const reasons = [...new Set(steps.map(({ image, message }) => `${image}: ${message}`))];
  const rest = reasons.length - MOST_NAMED;
  return (
    <p class="banner is-bad" role="alert">
      <span>
        {steps.length === 1 ? 'A change was not saved.' : `${steps.length} changes were not saved.`}{' '}
        {reasons.slice(0, MOST_NAMED).join(' ')}
        {rest > 0 && ` And ${rest} more.`}
      </span>
      <button type="button" onClick={sendRefusedAgain}>
        Try again
      </button>
      <button type="button" onClick={dismissRefused}>
        Discard
      </button>
    </p>
  );
}
