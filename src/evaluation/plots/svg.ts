import { printable } from '../../core/text.js';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** On paper of its own, so that it can be read on a page of any colour; dark where the reader's system is. */
const STYLE = `
  .paper { fill: #ffffff }
  text { fill: #1f2328; font: 11px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-size: 15px; font-weight: 600 }
  .name { font-weight: 600 }
  .note { fill: #59636e }
  .axis { stroke: #8c959f; fill: none }
  .grid { stroke: #d8dee4; fill: none }
  .line { stroke: #0969da; stroke-width: 1.5; fill: none }
  .dot { fill: #bc4c00 }
  .cell { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 }
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    .axis { stroke: #6e7681 }
    .grid { stroke: #30363d }
    .line { stroke: #58a6ff }
    .dot { fill: #ffa657 }
    .cell { fill: #388bfd }
  }
`;

/** A text as it stands in an element or an attribute. */
export function escapeXml(text: string): string {
  return printable(text)
    .replaceAll(/[&<>"]/g, (character) => ESCAPES[character]!)
    .replaceAll(/\p{Surrogate}|[\ufffe\uffff]/gu, '\ufffd');
}

/** A text element. @param attributes - As they stand in the tag. */
export function textAt(x: number, y: number, { text, attributes = '' }: { text: string; attributes?: string }): string {
  return `<text x="${px(x)}" y="${px(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(text)}</text>`;
}

/** A number of pixels, with as many decimals as can be seen. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A name that fits into so many characters. */
export function shorten(name: string, most: number): string {
  const characters = Array.from(name);
  return characters.length <= most ? name : `${characters.slice(0, most - 1).join('')}…`;
}

/** A whole file: self-contained, with its title above the content. */
export function svgFile(
  { width, height, title, note }: { width: number; height: number; title: string; note: string },
  content: readonly string[],
): string {
  const [w, h] = [px(width), px(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${w}" height="${h}" rx="6"/>`,
    textAt(16, 26, { text: title, attributes: 'class="title"' }),
    textAt(16, 44, { text: note, attributes: 'class="note"' }),
    ...content,
    '</svg>',
    '',
  ].join('\n');
}
