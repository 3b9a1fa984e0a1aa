import { isConnected, refusal, unsavedCount } from '../app/decisions.js';
import { backend } from '../app/state.js';

/** Whether everything is on disk. It says so only after the server has. */
export function SaveStatus() {
  const { readOnly } = backend.value!.review!;
  const count = unsavedCount.value;
  const text =
    readOnly !== undefined
      ? 'Read only'
      : count === 0
        ? 'All saved'
        : !isConnected.value
          ? `${count} not saved`
          : `Saving ${count}…`;
  const kind = readOnly !== undefined || count === 0 ? 'is-saved' : isConnected.value ? 'is-saving' : 'is-unsaved';
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
  const count = unsavedCount.value;
  return (
    <>
      {fileNote !== undefined && fileNote !== '' && (
        <section class="banner is-note" aria-label="About this file">
          {fileNote}
        </section>
      )}
      {readOnly !== undefined && <p class="banner is-warning">{readOnly}</p>}
      {!isConnected.value && (
        <p class="banner is-bad" role="alert">
          <span>
            The server does not answer. {count === 0 ? 'Nothing is lost.' : `Not saved yet: ${count}.`} Keep this page
            open, and start <code>preannotate review</code> again: this page then goes on, unless the review has another
            port.
          </span>
        </p>
      )}
      {refusal.value !== undefined && (
        <p class="banner is-bad" role="alert">
          <span>The last change was not saved. {refusal.value}</span>
          <button type="button" onClick={() => (refusal.value = undefined)}>
            Close
          </button>
        </p>
      )}
    </>
  );
}
