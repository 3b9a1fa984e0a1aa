import { ARROWS, VIEW_KEYS } from '../../../shared/zoom/view-actions.js';

/** The keys of the page: tables that decide what a key does, and are what the help and the documentation list. */

export const KEY_GROUPS = ['Grid of all images', 'Open image', 'Boxes', 'Place and size', 'View', 'Other'] as const;
type KeyGroup = (typeof KEY_GROUPS)[number];

/** What of a keyboard event tells which key it is. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

interface ListedKeys {
  /** As `KeyboardEvent.key`, after the modifiers `Ctrl+`, `Alt+` and `Shift+`, in this order. */
  readonly keys: readonly string[];
  readonly shown?: string; // instead of the keys, in lists
  readonly group: KeyGroup;
  readonly description: string;
  readonly isEdit?: true; // left out where nothing can be changed
}

interface KeyRow extends ListedKeys {
  readonly action: string;
}

/** What the grid does with keys (`grid/grid.tsx`). */
export const GRID_KEYS: readonly ListedKeys[] = [
  { keys: ['Arrow', 'PageUp', 'PageDown'], group: 'Grid of all images', description: 'Go to another image' },
  { keys: ['Home', 'End'], group: 'Grid of all images', description: 'Go to the first or last image of the row' },
  { keys: ['Ctrl+Home', 'Ctrl+End'], group: 'Grid of all images', description: 'Go to the first or last image of all' },
  { keys: ['Enter'], group: 'Grid of all images', description: 'Open the image' },
  {
    keys: ['Space'],
    group: 'Grid of all images',
    description: 'Accept the image with the boxes it shows, or reopen it',
    isEdit: true,
  },
];

export const KEYS = [
  { action: 'nextImage', keys: ['d', 'PageDown'], group: 'Open image', description: 'Next image' },
  { action: 'previousImage', keys: ['a', 'PageUp'], group: 'Open image', description: 'Previous image' },
  {
    action: 'accept',
    keys: ['Enter'],
    group: 'Open image',
    description: 'Accept the image with the boxes it shows, and go to the next one',
    isEdit: true,
  },
  { action: 'reopen', keys: ['o'], group: 'Open image', description: 'Reopen an accepted image', isEdit: true },
  {
    action: 'copy',
    keys: ['v'],
    group: 'Open image',
    description: 'Copy the selected box, or else all boxes, to the next image, and go there',
    isEdit: true,
  },
  { action: 'nextBox', keys: ['j'], group: 'Boxes', description: 'Select the next box' },
  { action: 'previousBox', keys: ['k'], group: 'Boxes', description: 'Select the previous box' },
  { action: 'keep', keys: ['y'], group: 'Boxes', description: 'Keep the box or suggestion as it is', isEdit: true },
  { action: 'reject', keys: ['x'], group: 'Boxes', description: 'Reject the box, or restore it', isEdit: true },
  {
    action: 'delete',
    keys: ['Delete', 'Backspace'],
    group: 'Boxes',
    description: 'Delete a box that was drawn; reject one of the model',
    isEdit: true,
  },
  { action: 'class', keys: ['c'], group: 'Boxes', description: 'Change the class: type to find it', isEdit: true },
  {
    action: 'classByNumber',
    keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
    shown: '1 … 9',
    group: 'Boxes',
    description: 'Give the selected box one of the first nine classes',
    isEdit: true,
  },
  { action: 'newBox', keys: ['b'], group: 'Boxes', description: 'New box in the middle of the view', isEdit: true },
  { action: 'draw', keys: ['r'], group: 'Boxes', description: 'Draw a box with the mouse or a finger', isEdit: true },
  ...arrows({ action: 'move', modifier: '', description: 'Move the box by 1 pixel' }),
  ...arrows({ action: 'moveFar', modifier: 'Shift+', description: 'Move the box by 10 pixels' }),
  ...arrows({ action: 'resize', modifier: 'Alt+', description: 'Move its right or lower edge by 1 pixel' }),
  ...arrows({ action: 'resizeFar', modifier: 'Alt+Shift+', description: 'Move its right or lower edge by 10 pixels' }),
  ...arrows({ action: 'resizeStart', modifier: 'Ctrl+', description: 'Move its left or upper edge by 1 pixel' }),
  ...arrows({
    action: 'resizeStartFar',
    modifier: 'Ctrl+Shift+',
    description: 'Move its left or upper edge by 10 pixels',
  }),
  { action: 'zoomIn', keys: VIEW_KEYS.zoomIn, shown: '+', group: 'View', description: 'Zoom in' },
  { action: 'zoomOut', keys: VIEW_KEYS.zoomOut, group: 'View', description: 'Zoom out' },
  { action: 'fit', keys: VIEW_KEYS.fit, group: 'View', description: 'Show the whole image' },
  {
    action: 'pan',
    keys: VIEW_KEYS.pan,
    shown: 'Arrow',
    group: 'View',
    description: 'Move the image, while no box is selected',
  },
  {
    action: 'actualSize',
    keys: ['1'],
    shown: '1',
    group: 'View',
    description: 'Show the image at its own size, while no box is selected',
  },
  { action: 'zoomToBox', keys: ['f'], group: 'View', description: 'Zoom to the selected box' },
  { action: 'toggleBoxes', keys: ['h'], group: 'View', description: 'Hide or show boxes' },
  { action: 'toggleLabels', keys: ['l'], group: 'View', description: 'Hide or show labels' },
  { action: 'toggleRejected', keys: ['g'], group: 'View', description: 'Show or hide rejected boxes' },
  { action: 'undo', keys: ['z', 'Ctrl+z'], group: 'Other', description: 'Undo, on other images too', isEdit: true },
  {
    action: 'redo',
    keys: ['Shift+z', 'Ctrl+Shift+z', 'Ctrl+y'],
    group: 'Other',
    description: 'Redo what was undone',
    isEdit: true,
  },
  { action: 'close', keys: ['Escape'], group: 'Other', description: 'Stop drawing, select no box, or go back' },
  { action: 'help', keys: ['?'], group: 'Other', description: 'Show these keys' },
] as const satisfies readonly KeyRow[];

export type Action = (typeof KEYS)[number]['action'];

const ROWS: readonly (KeyRow & { readonly action: Action })[] = KEYS;
const ACTIONS = new Map<string, Action[]>();
for (const { action, keys } of ROWS) {
  for (const key of keys) ACTIONS.set(key, [...(ACTIONS.get(key) ?? []), action]);
}

/** The actions of a key, which are two where it depends on whether a box is selected. */
export function actionsOf(press: KeyPress): readonly Action[] {
  return ACTIONS.get(nameOf(press)) ?? [];
}

/** What an action does, and its keys: `Next image (D, PageDown)`. */
export function describeAction(action: Action): string {
  const { keys, shown, description } = ROWS.find((row) => row.action === action)!;
  return `${description} (${shown ?? keys.map(spell).join(', ')})`;
}

/** The table as people read it. */
export function listKeys({ canEdit }: { readonly canEdit: boolean }): {
  readonly group: KeyGroup;
  readonly rows: readonly { readonly keys: readonly string[]; readonly description: string }[];
}[] {
  return KEY_GROUPS.map((group) => ({
    group,
    rows: [...GRID_KEYS, ...ROWS]
      .filter((row) => row.group === group && (canEdit || row.isEdit !== true))
      .map(({ keys, shown, description }) => ({ keys: shown === undefined ? keys.map(spell) : [shown], description })),
  })).filter(({ rows }) => rows.length > 0);
}

/** Characters that need Shift on some keyboards and not on others are themselves, with it or without. */
function nameOf({ key, shiftKey, altKey, ctrlKey, metaKey }: KeyPress): string {
  const isLetter = /^\p{L}$/u.test(key);
  const name = isLetter ? key.toLowerCase() : key;
  const shift = shiftKey && (isLetter || key.length > 1);
  return `${ctrlKey || metaKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}${shift ? 'Shift+' : ''}${name}`;
}

function spell(key: string): string {
  return key.length === 1 ? key.toUpperCase() : key.replace(/(?<=\+)[a-z]$/, (letter) => letter.toUpperCase());
}

function arrows<Name extends string>({
  action,
  modifier,
  description,
}: {
  readonly action: Name;
  readonly modifier: string;
  readonly description: string;
}) {
  const keys = ARROWS.map((key) => `${modifier}${key}`);
  const shown = `${modifier}Arrow`;
  return [{ action, keys, shown, group: 'Place and size', description, isEdit: true }] as const;
}
