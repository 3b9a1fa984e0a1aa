import { said } from '../../app/announce.js';
import { replaced } from '../../app/decisions.js';

/** What was done, and what a person should know. */
export function Announcements() {
  const { text, isShown } = said.value;
  return (
    <div class="announcements">
      <p class={isShown ? 'said' : 'unseen'} role="status">
        {text !== '' && <span key={text}>{text}</span>}
      </p>
      {replaced.value !== undefined && (
        <p class="notice" role="alert">
          {replaced.value}{' '}
          <button
            type="button"
            onClick={() => {
              replaced.value = undefined;
            }}
          >
            OK
          </button>
        </p>
      )}
    </div>
  );
}
