import { said } from '../../app/announce.js';
import { dismissNotices, notices } from '../../app/decisions.js';

/** What was done, and what a person should know. */
export function Announcements() {
  const { text, isShown } = said.value;
  return (
    <div class="announcements">
      <p class={isShown ? 'said' : 'unseen'} role="status">
        {text !== '' && <span key={text}>{text}</span>}
      </p>
      {notices.value.map((text, i) => (
        <p key={text} class="notice" role="alert">
          {text}{' '}
          {i === notices.value.length - 1 && (
            <button type="button" onClick={dismissNotices}>
              OK
            </button>
          )}
        </p>
      ))}
    </div>
  );
}
