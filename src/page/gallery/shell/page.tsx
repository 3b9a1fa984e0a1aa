import { render } from 'preact';
import { loadError, openGallery } from '../app/open.js';
import { followTheme } from '../app/theme.js';
import { backendOf } from '../backends.js';
import { App } from './app.js';

/** Draws the page, and loads what it shows. */
export async function openPage(page: Document): Promise<void> {
  followTheme();
  const place = page.getElementById('app') ?? page.body; // a report has its data beside it
  place.replaceChildren();
  render(<App />, place);
  try {
    await openGallery(await backendOf(page));
  } catch (error) {
    loadError.value = error instanceof Error ? error.message : String(error);
  }
}
