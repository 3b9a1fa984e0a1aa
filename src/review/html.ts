const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 2h12v12H2z' " +
  "fill='none' stroke='%233b74d8' stroke-width='3'/%3E%3Cpath d='m5 8 2 2 4-4' fill='none' stroke='%233b74d8' " +
  "stroke-width='2'/%3E%3C/svg%3E";

/** The page's markup; its script draws the rest. */
export const REVIEW_HTML = `<!doctype html>
<html lang="en" data-mode="review">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>preannotate review</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/page/gallery.css">
<script type="module" src="/page/gallery.js"></script>
</head>
<body>
<noscript><p>This page needs JavaScript.</p></noscript>
</body>
</html>
`;

function toLinkNeeded(head: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>preannotate review</title>${head}
</head>
<body>
<h1>Open the link that preannotate review printed</h1>
<p>This address alone does not open the review. The link on the terminal, which ends in <code>?token=…</code>, does:
open the one that was printed last.</p>
</body>
</html>
`;
}

/** What a browser without the cookie of this server shows. */
export const LINK_NEEDED_HTML = toLinkNeeded('');

/** The same, for one that may have the cookie: it loads the page again, and then sends it. */
export const LINK_OPENED_ELSEWHERE_HTML = toLinkNeeded('\n<meta http-equiv="refresh" content="0; url=/">');
