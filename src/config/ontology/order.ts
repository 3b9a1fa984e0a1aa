/** How descriptions begin, and class names do not. */
const DESCRIPTION = /^(?:an?|the|some|(?:a |the )?(?:photo|picture|image)s? of)\s/i;

/**
 * Finds a pair of a short form, `prompt: class`, that was probably written in the other order: its class reads like a
 * description (`bottle: a bottle`), or contains the prompt (`bottle: glass bottle`) where no prompt contains its class.
 *
 * @param pairs - Prompt and class.
 */
export function findReversed(pairs: readonly (readonly [prompt: string, name: string])[]) {
  const described = pairs.find(([prompt, name]) => DESCRIPTION.test(name) && !DESCRIPTION.test(prompt));
  if (described !== undefined) return described;
  if (pairs.some(([prompt, name]) => contains(prompt, name))) return undefined;
  return pairs.find(([prompt, name]) => contains(name, prompt));
}

/** Whether a text has another one in it, in whole words, and more. */
function contains(longer: string, shorter: string): boolean {
  const [long, short] = [longer, shorter].map((text) => ` ${text.toLowerCase().trim().replaceAll(/\s+/g, ' ')} `);
  return long!.length > short!.length && long!.includes(short!);
}
