import type { Backend } from './backend.js';
import { openEmbeddedBackend } from './report/report-backend.js';
import { openReviewBackend } from './review-backend.js';

/** The backend that suits the page: `data-mode` of its `html` element says which. @throws Error that can be shown */
export function backendOf(page: Document): Promise<Backend> {
  const mode = page.documentElement.dataset['mode'];
  if (mode === 'review') return openReviewBackend();
  if (mode === 'report' || mode === 'previews') return openEmbeddedBackend(page);
  throw new Error(`This page does not say what it shows (data-mode is ${mode ?? 'missing'}). This is a bug.`);
}
