import { byId } from './dom.js';

/** The API key: kept as long as the tab is open, and nowhere else. */

const STORED_AS = 'preannotate-api-key';

const dialog = byId('key-dialog', HTMLDialogElement);
const form = byId('key-form', HTMLFormElement);
const input = byId('key', HTMLInputElement);
const complaint = byId('key-problem', HTMLElement);

let current = stored();
let asking: Promise<boolean> | undefined;

export function apiKey(): string | undefined {
  return current;
}

/**
 * Asks the visitor for a key, once for all requests that wait for it.
 *
 * @param refused - The key that did not do; when there is another by now, nobody is asked.
 * @returns false when the visitor would rather not.
 */
export function askForKey(refused: string | undefined): Promise<boolean> {
  if (refused !== current) return Promise.resolve(true);
  asking ??= asked(refused !== undefined).finally(() => (asking = undefined));
  return asking;
}

function asked(wasRefused: boolean): Promise<boolean> {
  complaint.textContent = wasRefused ? 'The server does not accept this key. Is it complete?' : '';
  input.setAttribute('aria-invalid', String(wasRefused));
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => {
      const isGiven = dialog.returnValue === 'given';
      if (isGiven) store(input.value.trim());
      input.value = '';
      resolve(isGiven);
    };
    dialog.addEventListener('close', closed, { once: true });
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  dialog.close('given');
});

byId('key-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close(''));

function store(key: string): void {
  current = key;
  try {
    sessionStorage.setItem(STORED_AS, key);
  } catch {
    // A browser may forbid storage; the key then lives as long as the page.
  }
}

function stored(): string | undefined {
  try {
    return sessionStorage.getItem(STORED_AS) ?? undefined;
  } catch {
    return undefined; // storage is forbidden
  }
}
