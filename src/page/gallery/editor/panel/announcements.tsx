import { notice, said } from '../session/session.js';

/** What screen readers say of every action, and what a person should know. */
export function Announcements() {
  return (
    <div class="announcements">
      <p class="unseen" role="status">
        {said.value}
      </p>
      {notice.value !== undefined && (
        <p class="notice" role="alert">
          {notice.value}{' '}
          <button
            type="button"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            OK
          </button>
        </p>
      )}
    </div>
  );
}
