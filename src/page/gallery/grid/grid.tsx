import { effect } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Size } from '../../../core/box.js';
import { openImage } from '../app/address.js';
import { toggleAccepted } from '../app/accept.js';
import { canReview } from '../app/decisions.js';
import { current, focusedImage, goInGrid, order } from '../app/state.js';
import { Cell } from './cell.js';
import { layoutOf, placeAfterKey, rowsToDraw, scrollTo, type GridLayout } from './layout.js';

/** Kept while an image is open, so that the grid is the same afterwards. */
let lastTop = 0;

let wasOpen = false;
effect(() => {
  if (current.value === undefined) return;
  focusedImage.value = current.value;
  wasOpen = true;
});

/** All images that the filter leaves. */
export function Grid() {
  const scroller = useRef<HTMLDivElement>(null);
  const view = useSize(scroller);
  const [top, setTop] = useState(lastTop);
  const images = order.value;
  const layout = layoutOf(view, images.length);
  const place = Math.max(0, focusedImage.value === undefined ? 0 : images.indexOf(focusedImage.value));
  usePlaceOfBefore(scroller, { place, layout, view });

  function focus(next: number): void {
    const element = scroller.current!;
    focusedImage.value = images[next];
    const row = Math.floor(next / layout.columns);
    element.scrollTop = scrollTo(row, layout, { top: element.scrollTop, height: element.clientHeight });
    setTop(element.scrollTop);
    // The cell is drawn before the next frame.
    requestAnimationFrame(() => cellOf(element, images[next])?.focus({ preventScroll: true }));
  }
  useWantedImage(images, focus);

  const rows = rowsToDraw(layout, { top, height: view.height }, Math.floor(place / layout.columns));
  return (
    <div
      class="grid"
      ref={scroller}
      onScroll={({ currentTarget }) => setTop((lastTop = currentTarget.scrollTop))}
      onKeyDown={(event) => onKeyDown(event, { images, place, layout, focus })}
    >
      {images.length === 0 ? (
        <p class="nothing">No image is left by the filters.</p>
      ) : (
        <Rows rows={rows} images={images} layout={layout} focusedPlace={place} />
      )}
    </div>
  );
}

/** The size of what an element has room for; nothing before it is measured. */
function useSize(of: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = of.current!;
    const measure = () => setSize({ width: contentWidth(element), height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

/** Scrolls to where the grid was before an image was opened, and gives that image the focus. */
function usePlaceOfBefore(
  scroller: RefObject<HTMLElement | null>,
  { place, layout, view }: { readonly place: number; readonly layout: GridLayout; readonly view: Size },
): void {
  const isMeasured = view.width > 0;
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (!isMeasured) return;
    element.scrollTop = lastTop;
    if (focusedImage.value === undefined) return;
    element.scrollTop = scrollTo(Math.floor(place / layout.columns), layout, { top: lastTop, height: view.height });
  }, [isMeasured]);
  useEffect(() => {
    if (!isMeasured || !wasOpen) return;
    wasOpen = false;
    cellOf(scroller.current!, focusedImage.value)?.focus({ preventScroll: true });
  }, [isMeasured]);
}

/** Goes to the image that another part of the page asks for. */
function useWantedImage(images: Uint32Array, focus: (place: number) => void): void {
  const wanted = goInGrid.value;
  useEffect(() => {
    if (wanted === undefined) return;
    goInGrid.value = undefined;
    const next = images.indexOf(wanted.image);
    if (next !== -1) focus(next);
  }, [wanted]);
}

interface Focused {
  readonly images: Uint32Array;
  readonly place: number;
  readonly layout: GridLayout;
  readonly focus: (place: number) => void;
}

function onKeyDown(event: KeyboardEvent, { images, place, layout, focus }: Focused): void {
  const image = images[place];
  if (event.altKey || image === undefined) return;
  const key = { name: event.key, isControl: event.ctrlKey || event.metaKey };
  const next = placeAfterKey(key, place, { ...layout, count: images.length });
  if (next !== undefined) focus(next);
  else if (event.key === 'Enter' && !event.repeat) openImage(image);
  else if (event.key === ' ' && canReview.value) {
    if (!event.repeat) toggleAccepted(image);
  } else return;
  event.preventDefault();
}

interface RowsProps extends Omit<RowProps, 'row'> {
  readonly rows: readonly number[];
}

/** Those in view, at their places. */
function Rows({ rows, ...shared }: RowsProps) {
  const { layout } = shared;
  return (
    <div
      role="grid"
      class="cells"
      aria-label="Images"
      aria-rowcount={layout.rows}
      aria-colcount={layout.columns}
      style={{ height: `${layout.rows * layout.rowHeight}px` }}
    >
      {rows.map((row) => (
        <Row key={row} row={row} {...shared} />
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: number;
  readonly images: Uint32Array;
  readonly layout: GridLayout;
  readonly focusedPlace: number;
}

function Row({ row, images, layout, focusedPlace }: RowProps) {
  const { columns, rowHeight, cellWidth } = layout;
  return (
    <div
      role="row"
      class="cell-row"
      aria-rowindex={row + 1}
      style={{
        transform: `translateY(${row * rowHeight}px)`,
        height: `${rowHeight}px`,
        gridTemplateColumns: `repeat(${columns}, ${cellWidth}px)`,
      }}
    >
      {[...images.subarray(row * columns, (row + 1) * columns)].map((image, column) => (
        <Cell
          key={image}
          image={image}
          column={column}
          width={cellWidth}
          isFocused={row * columns + column === focusedPlace}
          onFocus={() => (focusedImage.value = image)}
        />
      ))}
    </div>
  );
}

function cellOf(within: HTMLElement, image: number | undefined): HTMLElement | null {
  return within.querySelector(`[data-image="${image}"]`);
}

/** Without padding and the scroll bar. */
function contentWidth(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}
