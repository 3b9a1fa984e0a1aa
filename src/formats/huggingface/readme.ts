import { parse as parseYaml, stringify as toYaml } from 'yaml';
import type { PartName } from '../../core/data-set/split.js';
import type { View } from '../format.js';

/** The description of a data set, with its features in YAML. */
export const README = 'README.md';

/** Read by PyYAML, and by people. */
const YAML_OPTIONS = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;

const REVIEWED =
  'A person has accepted images that are `reviewed`, with all their boxes. Boxes whose `objects.source` is\n' +
  '`reviewed` were kept, corrected or drawn by a person: their score is 1, and drawn ones have no prompt.\n';

const FRONT_MATTER = /^\ufeff?---\r?\n([\s\S]*?)\r?\n---/;

/**
 * The description, from which `load_dataset` takes what the columns are: of an `imagefolder`, those of the
 * configuration. The Hub shows those of `dataset_info`.
 *
 * @param classes - In the order in which files number them, from 0.
 * @param parts - Names of folders.
 */
export function formatReadme(
  classes: readonly { readonly name: string }[],
  parts: readonly PartName[],
  view: Pick<View, 'provenance' | 'hasReview' | 'onlyReviewed'>,
): string {
  const { provenance, hasReview = false, onlyReviewed = false } = view;
  const names = Object.fromEntries(classes.map(({ name }, place) => [String(place), name]));
  const features = [
    { name: 'image', dtype: 'image' },
    { name: 'image_id', dtype: 'int64' },
    { name: 'width', dtype: 'int64' },
    { name: 'height', dtype: 'int64' },
    ...(hasReview ? [{ name: 'reviewed', dtype: 'bool' }] : []),
    {
      name: 'objects',
      struct: [
        { name: 'bbox', sequence: { sequence: 'float64', length: 4 } },
        { name: 'category', sequence: { class_label: { names } } },
        { name: 'score', sequence: 'float64' },
        { name: 'prompt', sequence: 'string' },
        ...(hasReview ? [{ name: 'source', sequence: 'string' }] : []),
      ],
    },
  ];
  const description = {
    configs: [{ config_name: 'default', data_files: parts.map(toDataFiles), features }],
    task_categories: ['object-detection'],
    dataset_info: { features },
  };
  return [
    `---\n# Drafted by preannotate ${provenance.version}\n${toYaml(description, YAML_OPTIONS)}---\n`,
    `# Draft boxes, ${onlyReviewed ? 'reviewed by people' : 'to be corrected by people'}\n`,
    '`objects.bbox` is `[x, y, width, height]` in pixels of the upright image. `objects.category` is the place of the',
    'class in the list above. `objects.score` says how sure the model was, from 0 to 1.\n',
    ...(hasReview ? [REVIEWED] : []),
  ].join('\n');
}

/** The library calls `val` so. */
function toDataFiles(part: PartName) {
  return { split: part === 'val' ? 'validation' : part, path: `${part}/**` };
}

/** The names of classes that a description states; undefined where it states none. */
export function classNamesIn(readme: string): readonly string[] | undefined {
  const yaml = FRONT_MATTER.exec(readme)?.[1];
  if (yaml === undefined) return undefined;
  try {
    return findNames(parseYaml(yaml, { schema: 'failsafe' }));
  } catch {
    return undefined; // others than us read the description too, and report what is wrong in it
  }
}

/** Of the first `class_label`, wherever it is: a list, or a map by number. */
function findNames(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const { names } = (key === 'class_label' ? inner : {}) as { names?: unknown };
    if (typeof names === 'object' && names !== null) return Object.values(names).map(String);
    const found = findNames(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}
