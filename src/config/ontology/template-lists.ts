/**
 * Lists of templates that come with the package, by the name that stands for them in `templates`.
 *
 * @see google-research/scenic `projects/owl_vit/preprocessing/label_ops.py`, CLIP_BEST_PROMPT_TEMPLATES, over which the
 *   original evaluation averages
 */
export const TEMPLATE_LISTS: Readonly<Record<'owl', readonly string[]>> = {
  owl: [
    'itap of a {}.',
    'a bad photo of the {}.',
    'a origami {}.',
    'a photo of the large {}.',
    'a {} in a video game.',
    'art of the {}.',
    'a photo of the small {}.',
  ],
};

/** The templates that a text of `templates` stands for: those of the list of that name, else itself. */
export function expandTemplate(text: string): readonly string[] {
  return Object.hasOwn(TEMPLATE_LISTS, text) ? TEMPLATE_LISTS[text as keyof typeof TEMPLATE_LISTS] : [text];
}
