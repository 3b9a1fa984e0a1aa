import { capitalised, describeEstimate } from '../../../core/text.js';
import { countBoxes, counted, formatCount } from '../../shared/count.js';
import { progress } from '../app/progress.js';

/** How much is accepted, and how much work is left. */
export function Progress() {
  const { images, shares, left } = progress.value;
  const share = Math.floor(100 * shares.images);
  const pace = left.basis.pace === 'own' ? 'at the pace so far' : 'at a usual pace';
  return (
    <div class="reviewed">
      <progress value={images.accepted} max={Math.max(1, images.total)} aria-label="Images accepted" />
      <span>
        <b>{formatCount(images.accepted)}</b> of {formatCount(images.total)} accepted{' '}
        <span class="share">({share} %)</span>
      </span>
      {left.images > 0 && (
        <span class="left" title={`${counted(left.images, 'image')} with ${countBoxes(left.drafts)}, ${pace}`}>
          {capitalised(describeEstimate(left.minutes))} left
        </span>
      )}
    </div>
  );
}
