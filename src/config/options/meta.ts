import { z } from 'zod';

/** Headings of `--help`, in their order. */
export const OPTION_GROUPS = {
  find: 'What to find',
  input: 'Input',
  output: 'Output',
  remote: 'Images on the web and in S3',
  boxes: 'Which boxes',
  address: 'Address and access',
  requests: 'Requests',
  speed: 'Speed',
  queue: 'Several machines',
  other: 'Other',
} as const;

export type OptionGroup = keyof typeof OPTION_GROUPS;

/** How an option appears as a flag, beyond the schema of its value. */
interface FlagMeta {
  readonly group: OptionGroup; // under which `--help` lists it
  readonly basic?: true; // `-h` lists it too: one of the few that matter first
  readonly name?: string; // where it is not the key: --device for `devices`
  readonly short?: string; // one letter
  readonly placeholder?: string; // of its value; none for a switch
  readonly optionalValue?: boolean; // the value may be left out
  readonly repeatable?: boolean; // given several times, the values add up
  readonly shownDefault?: string; // instead of the value, such as "that of the run"
  readonly negation?: string; // help of --no-<name>; the option can be turned off by name
  readonly only?: boolean; // a flag only, since it concerns one call: not in config files or the environment
}

declare module 'zod' {
  interface GlobalMeta {
    flag?: FlagMeta;
    alias?: string; // a second key for the same option
    variable?: string; // a second environment variable, without our prefix
    /** Some of its values, for completion in shells; those of enums are known. */
    suggested?: { readonly words: readonly string[]; readonly isList: boolean };
    /** JSON Schemas of what stands for the value in another type, such as text for a number; for editors. */
    alternatives?: readonly Readonly<Record<string, unknown>>[];
    request?: { readonly note: string }; // added to the description where the option is a field of a request
    /**
     * A path: always, only if it begins with a dot, or unless it is the name of an ontology that comes with the
     * package. One in a config file is relative to that file.
     */
    path?: 'always' | 'dotted' | 'ontology';
  }
}

/** What was declared about an option besides its value. */
export function metaOf(option: z.core.$ZodType): z.GlobalMeta {
  return z.globalRegistry.get(option) ?? {};
}
