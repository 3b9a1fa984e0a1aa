/**
 * Keys mean what the list of keys says as long as the picture has the focus. A tool that is used with a pointer gives
 * the focus back, and so does one that is gone or has nothing to do any more. Who uses keys stays at the tool.
 */

/** What has the focus after a click without needing it. Fields, and what opens a part of the page, keep it. */
const TOOLS = 'button:not([aria-expanded]), [role="slider"], input[type="checkbox"], summary';
const CHOSEN = 'input[type="checkbox"], select';
const USELESS = ':disabled, [aria-disabled="true"]';

/** @returns A function that stops it. */
export function keepFocusOnPicture(): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isPointer = false; // what was used last
  const on = (type: string, work: (event: Event) => void) => addEventListener(type, work, { capture: true, signal });
  on('pointerdown', () => {
    isPointer = true;
  });
  on('keydown', () => {
    isPointer = false;
  });
  on('mouseup', () => giveBack(TOOLS)); // before the click, which may open a dialog: that gives it back to the picture
  on('change', ({ target }) => {
    // A field changes while a click elsewhere takes the focus from it: that goes where the click is.
    if (isPointer && (target as Element).matches(CHOSEN)) giveBack(CHOSEN);
  });
  on('click', () => {
    const from = isPointer ? TOOLS : USELESS;
    requestAnimationFrame(() => giveBack(from)); // once the page shows what has changed
  });
  return () => stopping.abort();
}

/** Moves the focus to the picture, or to the cell of the grid, from what matches; and where nothing has it. */
function giveBack(from: string): void {
  const { activeElement: now, body } = document;
  if (now !== null && now !== body && (!now.matches(from) || now.closest('dialog') !== null)) return;
  const cell = now?.closest<HTMLElement>('.cell') ?? undefined;
  if (cell === undefined) focusMain({ preventScroll: true });
  else cell.focus({ preventScroll: true });
}

/** Focuses the picture, or the cell of the grid that had the focus last. */
export function focusMain(options?: FocusOptions): void {
  document.querySelector<HTMLElement>('.main [tabindex="0"]')?.focus(options);
}
