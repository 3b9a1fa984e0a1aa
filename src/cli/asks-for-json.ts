/** Whether a command line asks for JSON on stderr, before its options are read, which may fail. */
export function asksForJson(args: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  const valueOf = (name: string, variable: string) => {
    const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
    return at === -1 ? environment[variable] : (args[at]!.split('=', 2)[1] ?? args[at + 1]);
  };
  const format = valueOf('--log-format', 'PREANNOTATE_LOG_FORMAT');
  return (format || valueOf('--progress', 'PREANNOTATE_PROGRESS')) === 'json';
}
