import { replaced } from '../../app/decisions.js';
import { said } from '../session/session.js';

/** What screen readers say of every action, and what a person should know. */
export function Announcements() {
  return (
    <div class="announcements">
      <p class="unseen" role="status">
        {said.value}
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
