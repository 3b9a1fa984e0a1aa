import { byId } from '../shared/dom.js';

/** The API key: kept for as long as the tab is open, and nowhere else. */

const STORAGE_KEY = 'preannotate-api-key';

const dialog = byId('key-dialog', HTMLDialogElement);
const form = byId('key-form', HTMLFormElement);
const input = byId('key', HTMLInputElement);
const complaint = byId('key-problem', HTMLElement);

let current = readStoredKey();
let asking: Promise<boolean> | undefined;

export function currentApiKey(): string | undefined {
  return current;
}

/**
 * Asks the visitor for a key, once for all requests that wait for it.
 *
 * @param refused - The key that the server rejected; if another one is stored by now, the visitor is not asked.
 * @returns false when the visitor cancels.
 */
export function askForKey(refused: string | undefined): Promise<boolean> {
  if (refused !== current) return Promise.resolve(true);
  asking ??= openKeyDialog(refused !== undefined).finally(() => (asking = undefined));
  return asking;
}

function openKeyDialog(wasRefused: boolean): Promise<boolean> {
  complaint.textContent = wasRefused ? 'The server does not accept this key. Is it complete?' : '';
  input.setAttribute('aria-invalid', String(wasRefused));
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => {
      const isGiven = dialog.returnValue === 'given';
      if (isGiven) storeKey(input.value.trim());
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

function storeKey(key: string): void {
  current = key;
  try {
    sessionStorage.setItem(STORAGE_KEY, key);
  } catch {
    // A browser may forbid storage; the key then lives as long as the page.
  }
}

function readStoredKey(): string | undefined {
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? undefined;
  } catch {
    return undefined; // storage is forbidden
  }
}
