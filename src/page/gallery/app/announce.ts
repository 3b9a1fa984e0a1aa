import { signal } from '@preact/signals';

/** What was said last of what was done: screen readers say it, and it is shown for a few seconds where it `isShown`. */
export const said = signal({ text: '', isShown: false });

/** Says something, even if it is what was said last. */
export function say(text: string): void {
  announce(text, true);
}

/** Has screen readers alone say what everybody else sees in the picture. */
export function sayUnseen(text: string): void {
  announce(text, false);
}

function announce(text: string, isShown: boolean): void {
  said.value = { text: said.value.text === text ? `${text} ` : text, isShown };
}
