import { signal } from '@preact/signals';

/** Whether the filters are shown on a screen that is too narrow to show them always. */
export const isSideOpen = signal(false);
