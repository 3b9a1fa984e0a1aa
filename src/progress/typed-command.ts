const COMMANDS = [
  ...['run', 'export', 'merge', 'stats', 'validate', 'eval', 'tune', 'prompts', 'review', 'report', 'serve', 'worker'],
  ...['init', 'doctor', 'bench', 'models', 'features', 'completion'],
];

/** A command as messages have it: `preannotate models pull`. Not one of npx already, and no part of a path. */
const COMMAND = new RegExp(`(?<!\\bnpx\\b[^\\n\`]*|[\\w./@-])preannotate (?=(?:${COMMANDS.join('|')})\\b)`, 'g');

/** By what the user calls the command line. npx sets the variable; `preannotate` alone may not be found then. */
export function commandName(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['npm_command'] === 'exec' ? 'npx preannotate' : 'preannotate';
}

/** A text for people, with commands as they are typed here. */
export function asTyped(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  const name = commandName(environment);
  if (name === 'preannotate') return text;
  return text.replaceAll(COMMAND, `${name} `).replaceAll(/\ba (?=`npx )/g, 'an ');
}
