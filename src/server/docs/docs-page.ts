import type { Operation } from '../../http/operation.js';
import type { OpenApi } from './openapi.js';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{background:#8881;border-radius:4px;padding:.1em .3em}pre{overflow:auto;padding:1em}
body{overflow-wrap:anywhere}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2em 1em .2em 0}
th{min-width:6em}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8bf}}`;

/** /openapi.json as a self-contained web page. */
export function renderDocsPage(document: OpenApi): string {
  const { title, version, description } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => renderOperation(`${method.toUpperCase()} ${path}`, operation)),
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style>
<h1>${escapeHtml(title)} ${escapeHtml(version)}</h1>
<p>${escapeHtml(description)} For programs: <a href="openapi.json">openapi.json</a>.</p>
<pre>curl -F image=@photo.jpg http://localhost:8000/predict
curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' 'http://localhost:8000/predict?score_threshold=0.3'</pre>
${operations.join('\n')}
</html>
`;
}

function renderOperation(name: string, { summary, description = '', parameters = [], responses }: Operation): string {
  const rows = [
    ...parameters.map((parameter) => [String(parameter['name']), String(parameter['description'])]),
    ...Object.entries(responses).map(([status, response]) => [status, String(response['description'])]),
  ];
  const cells = rows.map(([key = '', value = '']) => `<tr><th>${escapeHtml(key)}<td>${escapeHtml(value)}`);
  return `<h2><code>${escapeHtml(name)}</code></h2>
<p>${escapeHtml(summary)}. ${escapeHtml(description)}</p>
<table>${cells.join('')}</table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
