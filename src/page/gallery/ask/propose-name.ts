const PICTURE_OF = /^(?:(?:an?|the)\s+)?(?:\p{L}+\s+){0,2}(?:photo|photograph|picture|image|drawing|itap)s?\s+of\s+/iu;
const ARTICLE = /^(?:an?|the|some)\s+(?=\S)/iu;

/** A name for the class that a prompt finds: what is seen in `a photo of a wine glass`. */
export function proposeName(prompt: string): string {
  const words = prompt.trim().replace(/\.$/, '');
  return words.replace(PICTURE_OF, '').replace(ARTICLE, '') || words;
}
