import { asTyped } from '../../progress/typed-command.js';
import { readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CONFIG_NAMES } from '../../config/load.js';
import { loadOntology } from '../../config/ontology/load-ontology.js';
import { describeIssues, problemsError } from '../../config/problems.js';
import { InitConfig } from '../../config/schema.js';
import { starterConfig, starterOntology, type SchemaName } from '../../config/starter.js';
import { displayPath } from '../../disk/display-path.js';
import { printable } from '../../core/text.js';
import { SAMPLE_CLASSES, SAMPLES } from '../../disk/samples.js';
import { writeNewFiles } from '../../disk/new-files.js';
import { addOwnFlags, readGivenFlags } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { printJson } from '../output.js';

const ONTOLOGY_NAME = 'ontology.yaml';
const CONFIG_NAME = CONFIG_NAMES[0]!;
const SAMPLE_FOLDER = 'samples';
const BUILTIN = 'builtin:emoji';
const SCHEMA_FOLDER = fileURLToPath(new URL('../../../ontologies/', import.meta.url));

/** Objects that the built-in model knows and that occur in photographs. */
const FIRST_CLASSES = ['bottle=bottle,glass bottle', 'dog', 'car']; // without articles, which templates have

const EXAMPLES = `
Examples:
  preannotate init
  preannotate init yard --class 'forklift=a forklift,forklift truck' --class person
  preannotate init --samples && preannotate run samples

Where one of the files exists, the command ends with exit code 2 and writes nothing.`;

const REFERENCE: Reference = {
  files: { 'ontology.yaml': 'what to find: classes and their prompts', 'preannotate.yaml': 'settings, each explained' },
};

export function defineInit(command: Command): Command {
  command.action(async (dir: string) => {
    await init(resolve(dir), readSettings(readGivenFlags(command, InitConfig)));
  });
  return addHelpNotes(addOwnFlags(command, InitConfig), EXAMPLES, REFERENCE);
}

type Settings = z.output<typeof InitConfig>;

async function init(folder: string, settings: Settings): Promise<void> {
  const { spec } = await loadOntology({
    classes: settings.class ?? (settings.samples ? SAMPLE_CLASSES : FIRST_CLASSES),
  });
  const model = relocateModel(folder, settings.model);
  const starter = { model, classes: spec.classes, locateSchema: (name: SchemaName) => locateSchema(folder, name) };
  const files = new Map<string, string | Uint8Array>([
    [join(folder, ONTOLOGY_NAME), starterOntology(starter)],
    [join(folder, CONFIG_NAME), starterConfig(starter, ONTOLOGY_NAME)],
  ]);
  for (const path of settings.samples ? SAMPLES : []) {
    files.set(join(folder, SAMPLE_FOLDER, basename(path)), await readFile(path));
  }
  await writeNewFiles(files, {
    conflicting: CONFIG_NAMES.map((name) => join(folder, name)),
    hint: 'Edit the existing file, move it away, or give another folder: preannotate init <dir>.',
  });
  if (settings.json)
    printJson({ folder, files: [...files.keys()], model, classes: spec.classes.map(({ name }) => name) });
  else if (!settings.quiet)
    process.stdout.write(asTyped(formatNextSteps(folder, { model, samples: settings.samples })));
}

/** The samples show what the built-in model knows, so it is their default. */
function readSettings(flags: Readonly<Record<string, unknown>>): Settings {
  const defaults = flags['samples'] === true ? { model: BUILTIN } : {};
  const result = InitConfig.safeParse({ ...defaults, ...flags }, { reportInput: true });
  if (result.success) return result.data;
  const subject = ([key]: readonly PropertyKey[]) => `--${String(key)}`;
  throw problemsError('USAGE', describeIssues(result.error, { subject, whereKey: subject, knownKeys: () => [] }));
}

/** A path is given relative to the working folder, and read relative to the config file. */
function relocateModel(folder: string, model: string): string {
  if (!/^\.\.?(?:[/\\]|$)/.test(model)) return model;
  const path = relative(folder, resolve(model)).replaceAll(sep, '/');
  return path.startsWith('.') ? path : `./${path}`;
}

/**
 * Where an editor finds a schema without a network: in `node_modules` of a project by a path that is the same in every
 * checkout, else where this program is installed.
 */
function locateSchema(folder: string, name: SchemaName): string {
  const path = join(SCHEMA_FOLDER, name);
  const modules = `${sep}node_modules${sep}`;
  const project = path.includes(modules) ? path.slice(0, path.indexOf(modules)) : undefined;
  const isOfProject = project !== undefined && `${folder}${sep}`.startsWith(`${project}${sep}`);
  return isOfProject ? relative(folder, path).replaceAll(sep, '/') : pathToFileURL(path).href;
}

function formatNextSteps(folder: string, { model, samples }: { model: string; samples: boolean }): string {
  const at = displayPath(folder);
  const isHere = folder === process.cwd();
  const images = samples ? SAMPLE_FOLDER : '<folder with images>';
  const go = [
    `  ${isHere ? '' : `cd ${at} && `}preannotate run ${images}`,
    ...(model === BUILTIN ? [] : [`  The same with --model ${BUILTIN} tries the tool without downloading a model.`]),
  ];
  const pictures = samples ? `, and ${SAMPLES.length} pictures to ${SAMPLE_FOLDER}/ there` : '';
  return `${ONTOLOGY_NAME} and ${CONFIG_NAME} written to ${printable(at)}${pictures}
${samples ? `Find what ${ONTOLOGY_NAME} describes in them` : `Describe what to find in ${ONTOLOGY_NAME}, then`}:
${go.join('\n')}
`;
}
