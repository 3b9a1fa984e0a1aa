import type { Operation } from '../../http/operation.js';
import type { OpenApi } from './openapi.js';

const STYLE = `:root{color-scheme:light dark;--line:light-dark(#d5dae2,#323b48);--soft:light-dark(#566070,#a3adbb)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word;
background:light-dark(#f4f5f7,#12161c);color:light-dark(#1c2430,#e4e8ee)}
a{color:light-dark(#2a5db0,#86b1f7)}
code,pre{font:0.875rem/1.5 ui-monospace,monospace}
pre{white-space:pre-wrap;padding:0.75rem 1rem;background:light-dark(#fff,#1a2029);
border:1px solid var(--line);border-radius:6px}
section{border-top:1px solid var(--line);margin-top:2rem}
h2{font-size:1.125rem;margin:1.25rem 0 0.25rem}h2 code{font-size:1rem;font-weight:600}
h3{font-size:0.875rem;color:var(--soft);margin:1rem 0 0.25rem}
dl{display:grid;grid-template-columns:minmax(12rem,max-content) 1fr;gap:0.25rem 1.25rem;margin:0}
dd{margin:0}
@media(max-width:40rem){dl{display:block}dd{margin:0 0 0.5rem}}`;

/**
 * /openapi.json as a self-contained web page.
 *
 * @param address - Of the server, as the browser has called it.
 */
export function renderDocsPage(document: OpenApi, address: string): string {
  const { title, version, description } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => renderOperation(`${method.toUpperCase()} ${path}`, operation)),
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style>
<h1>${escapeHtml(title)} ${escapeHtml(version)}</h1>
<p>${escapeHtml(description)} For programs: <a href="openapi.json">openapi.json</a>.</p>
<pre>curl -F image=@photo.jpg ${escapeHtml(address)}/predict

curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \\
  '${escapeHtml(address)}/predict?score_threshold=0.3'</pre>
${operations.join('\n')}
</html>
`;
}

function renderOperation(name: string, { summary, description = '', parameters = [], responses }: Operation): string {
  const fields = parameters.map((parameter) => [String(parameter['name']), String(parameter['description'])] as const);
  const answers = Object.entries(responses).map(([status, answer]) => [status, String(answer['description'])] as const);
  return `<section><h2><code>${escapeHtml(name)}</code></h2>
<p>${escapeHtml(summary)}. ${escapeHtml(description)}</p>
${renderList('Parameters', fields)}${renderList('Answers', answers)}</section>`;
}

function renderList(title: string, rows: readonly (readonly [name: string, description: string])[]): string {
  if (rows.length === 0) return '';
  const items = rows.map(([name, text]) => `<dt><code>${escapeHtml(name)}</code><dd>${escapeHtml(text)}`);
  return `<h3>${title}</h3><dl>${items.join('')}</dl>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
