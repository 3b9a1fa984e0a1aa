import { useEffect, useRef } from 'preact/hooks';
import { colourOf } from '../../../shared/colours.js';
import { selectedBox } from '../../app/state.js';
import { STATUSES, type ShownBox } from '../../boxes/shown-box.js';
import { selectBox, selectBy } from '../actions/navigate.js';
import { classNumberOf, listedBoxes } from '../session/session.js';

/** The boxes as a list, which is what screen readers have instead of the picture. */
export function BoxList() {
  const boxes = listedBoxes.value;
  const index = boxes.findIndex(({ id }) => id === selectedBox.value);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => scrollTo(list.current, index), [index]);
  return (
    <section class="box-list" aria-labelledby="box-list-title">
      <h3 id="box-list-title">
        Boxes <span class="count">{boxes.length}</span>
      </h3>
      {boxes.length === 0 ? (
        <p class="hint">There are no boxes. Thresholds can hide boxes of the model.</p>
      ) : (
        <div
          ref={list}
          class="boxes"
          role="listbox"
          tabIndex={0}
          aria-labelledby="box-list-title"
          aria-activedescendant={index === -1 ? undefined : `box-${index}`}
          onKeyDown={handleKey}
        >
          {boxes.map((box, i) => (
            <Option key={box.id} box={box} number={i} isSelected={i === index} />
          ))}
        </div>
      )}
    </section>
  );
}

function Option(props: { readonly box: ShownBox; readonly number: number; readonly isSelected: boolean }) {
  const { box, number, isSelected } = props;
  const { sign, name } = STATUSES[box.status];
  const place = box.box.map((value) => Math.round(value)).join(', ');
  return (
    <div
      id={`box-${number}`}
      class={`option ${box.status}`}
      role="option"
      aria-selected={isSelected}
      onClick={() => selectBox(box.id)}
    >
      <span class="swatch" style={{ background: colourOf(classNumberOf(box.class)).fill }} />
      <span class="words">
        <b>{box.class}</b> <small>{box.prompt}</small>
      </span>
      <span class="score">{box.score?.toFixed(2)}</span>
      <span class="details">
        <span class="status">
          <span aria-hidden="true">{sign}</span> {name}
        </span>{' '}
        <small>{place}</small>
      </span>
    </div>
  );
}

/** Scrolls the list alone: on a narrow screen the page would be scrolled away from the picture. */
function scrollTo(list: HTMLElement | null, index: number): void {
  const option = list?.children[index];
  if (list === null || !(option instanceof HTMLElement)) return;
  const top = option.offsetTop - list.offsetTop;
  const low = top + option.offsetHeight - list.clientHeight;
  list.scrollTop = Math.min(Math.max(list.scrollTop, low), top);
}

function handleKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const boxes = listedBoxes.value;
  const steps: Partial<Record<string, () => void>> = {
    ArrowDown: () => selectBy(1),
    ArrowUp: () => selectBy(-1),
    Home: () => selectBox(boxes[0]?.id),
    End: () => selectBox(boxes.at(-1)?.id),
  };
  const go = steps[event.key];
  if (go === undefined) return;
  event.preventDefault();
  go();
}
