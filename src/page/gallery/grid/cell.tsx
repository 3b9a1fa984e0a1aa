import { countBoxes } from '../../shared/count.js';
import { openImage } from '../app/address.js';
import { toggleAccepted } from '../app/accept.js';
import { canReview } from '../app/decisions.js';
import { answerBoxes, decisionOf, pack, replaced, shownBoxes } from '../app/state.js';
import { pictureKey } from '../app/thumbnails.js';
import { Thumbnail } from './thumbnail.js';

interface CellProps {
  readonly image: number;
  readonly column: number;
  readonly width: number;
  readonly isFocused: boolean;
  readonly onFocus: () => void;
}

/** One image of the grid. */
export function Cell({ image, column, width, isFocused, onFocus }: CellProps) {
  const { names } = pack.value!.facts.images;
  const name = names[image]!;
  const { state, text } = stateOf(image);
  const count = countText(image);
  return (
    <div
      role="gridcell"
      class={`cell is-${state}`}
      aria-colindex={column + 1}
      tabIndex={isFocused ? 0 : -1}
      data-image={image}
      onFocus={onFocus}
      onClick={() => openImage(image)}
    >
      <Thumbnail key={pictureKey(image)} image={image} width={width} />
      <div class="caption">
        <span class="name" dir="auto" title={name}>
          {name}
        </span>
        <span class="facts" title={[count, text].filter(Boolean).join(', ')}>
          <span class="count">{count}</span>
          {text !== '' && <span class="state">{text}</span>}
        </span>
      </div>
      {canReview.value && <AcceptButton image={image} isAccepted={state === 'accepted'} />}
    </div>
  );
}

function AcceptButton({ image, isAccepted }: { readonly image: number; readonly isAccepted: boolean }) {
  return (
    <button
      type="button"
      class="accept"
      tabIndex={-1}
      aria-pressed={isAccepted}
      aria-label="Accept"
      title={isAccepted ? 'Open again (Space)' : 'Accept (Space)'}
      onClick={(event) => {
        event.stopPropagation();
        toggleAccepted(image);
      }}
    >
      ✓
    </button>
  );
}

function stateOf(image: number): { readonly state: 'accepted' | 'open' | 'untouched'; readonly text: string } {
  if (replaced.value.has(image)) return { state: 'untouched', text: 'Another picture now' };
  const state = decisionOf(image)?.state ?? 'untouched';
  const isSuggested = state === 'accepted' && shownBoxes(image).suggestions.length > 0;
  const text = isSuggested ? 'Accepted, new boxes' : { accepted: 'Accepted', open: 'Begun', untouched: '' }[state];
  return { state, text };
}

function countText(image: number): string {
  const found = answerBoxes(image);
  if (found !== undefined) return `${found.length} found, best ${found[0]?.score.toFixed(2) ?? 'none'}`;
  const { decided, drafts } = shownBoxes(image);
  const count = decided.length + drafts.length;
  return count === 0 ? 'No boxes' : countBoxes(count);
}
