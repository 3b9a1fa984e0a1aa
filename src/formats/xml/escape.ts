import { NameList } from '../../core/name-list.js';
import { counted } from '../../core/text.js';

/** What XML 1.0 cannot hold, not even as a reference: most control characters, and halves of surrogate pairs. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const LONE_SURROGATE = /\p{Cs}/u;

/** Markup, and the white space that readers of attributes turn into spaces. */
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Whether XML can hold a text as it is. */
export function fitsXml(text: string): boolean {
  return text.search(FORBIDDEN) === -1;
}

/** A name as text that XML can hold, from which {@link fromXmlName} gets it back: itself where possible, else JSON. */
export function toXmlName(name: string): string {
  if (fitsXml(name) && !name.startsWith('"')) return name;
  return JSON.stringify(name).replaceAll(
    FORBIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function fromXmlName(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Writes texts into XML, as content or in double quotes, and lists those that XML cannot hold as they are. */
export class XmlEscaper {
  readonly #changed = new NameList();

  escape(text: string): string {
    const possible = text.replaceAll(FORBIDDEN, percentEncode);
    if (possible !== text) this.#changed.add(text);
    return possible.replaceAll(/[&<>"\t\n\r]/g, (character) => REFERENCES[character]!);
  }

  /** @param view - What the note begins with: `cvat`. */
  notes(view: string): string[] {
    const { count, summary } = this.#changed;
    const has = count === 1 ? 'has' : 'have';
    if (count === 0) return [];
    return [
      `${view}: ${counted(count, 'name')} of images or prompts (${summary}) ${has} control characters, which XML ` +
        'cannot hold: they are percent-encoded.',
    ];
  }
}

function percentEncode(character: string): string {
  return encodeURIComponent(LONE_SURROGATE.test(character) ? '\ufffd' : character);
}
