/** One way to annotate the photographs. */
export interface Setting {
  readonly name: string; // what differs from the defaults
  readonly flags: readonly string[]; // of `preannotate run`
  readonly ontology: { readonly templates?: 'owl'; readonly canonical?: false };
}

/** What decides which settings there are. */
export interface SettingsOf {
  readonly modelType: string;
  readonly nativeSide: number; // pixels
  readonly patchSize: number;
  readonly full: boolean; // every combination
}

/** The choices of one setting; the first is the default. */
type Axis = readonly Setting[];

const DEFAULT: Setting = { name: '', flags: [], ontology: {} };
const SMALLER = [0.75, 0.5]; // of the native side

/** Fits that differ from the default of a family of models. */
const OTHER_FITS: Readonly<Record<string, readonly string[]>> = {
  owlvit: ['letterbox'],
  owlv2: ['grey', 'stretch', 'unpadded'],
};

/**
 * The defaults first; then each setting changed alone, and all combinations of fit, templates and canonical prompts; or
 * every combination there is.
 */
export function listSettings({ modelType, nativeSide, patchSize, full }: SettingsOf): Setting[] {
  const fits = (OTHER_FITS[modelType] ?? []).map((fit) => ({ ...DEFAULT, name: `fit ${fit}`, flags: ['--fit', fit] }));
  const sizes = SMALLER.map((share) => Math.round((nativeSide * share) / patchSize) * patchSize);
  const smaller = sizes.map((side) => ({ ...DEFAULT, name: `size ${side}`, flags: ['--image-size', String(side)] }));
  const prompts: Axis[] = [
    [DEFAULT, ...fits],
    [DEFAULT, { ...DEFAULT, name: 'templates owl', ontology: { templates: 'owl' } }],
    [DEFAULT, { ...DEFAULT, name: 'canonical false', ontology: { canonical: false } }],
  ];
  const cheaper: Axis[] = [
    [DEFAULT, ...smaller],
    [DEFAULT, { ...DEFAULT, name: 'precision int8', flags: ['--precision', 'int8'] }],
  ];
  if (full) return named(combine([...prompts, ...cheaper]));
  const alone = [...prompts, ...cheaper].flatMap((axis) => axis.slice(1));
  return named([DEFAULT, ...alone, ...combine(prompts).filter(({ name }) => name.includes(', '))]);
}

function combine(axes: readonly Axis[]): Setting[] {
  return axes.reduce<Setting[]>(
    (all, axis) =>
      all.flatMap((one) =>
        axis.map((other) => ({
          name: [one.name, other.name].filter((name) => name !== '').join(', '),
          flags: [...one.flags, ...other.flags],
          ontology: { ...one.ontology, ...other.ontology },
        })),
      ),
    [DEFAULT],
  );
}

function named(settings: readonly Setting[]): Setting[] {
  return settings.map((setting) => (setting.name === '' ? { ...setting, name: 'defaults' } : setting));
}
