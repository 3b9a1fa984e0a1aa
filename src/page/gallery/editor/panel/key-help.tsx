import { canReview } from '../../app/decisions.js';
import { listKeys } from '../keys/key-map.js';
import { Dialog } from './dialog.js';

/** All keys, from the table that decides what they do. */
export function KeyHelp() {
  return (
    <Dialog name="keys" title="Keys">
      <div class="key-groups" tabIndex={0} role="group" aria-label="List of keys">
        {listKeys({ canEdit: canReview.value }).map(({ group, rows }) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {rows.map(({ keys, description }) => (
                <div key={description}>
                  <dt>
                    {keys.map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dt>
                  <dd>{description}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
