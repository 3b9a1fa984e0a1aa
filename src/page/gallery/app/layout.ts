import { signal } from '@preact/signals';

/** Whether the filters are shown on a screen that is too narrow to show them always. */
export const isSideOpen = signal(false);

/** Whether what the header has no room for on a narrow screen is shown. */
export const isMenuOpen = signal(false);
