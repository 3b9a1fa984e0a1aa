/** A command of a Markdown page. */
export interface ShownCommand {
  readonly line: number; // from 1
  readonly command: string; // without its comment
}

const FENCE = /^\s*```(\w*)/;

/** A comment behind a command. */
const COMMENT = /\s+#.*$/;

/** The commands of a page: each line of its `sh` blocks, and each `npx preannotate …` in its text. */
export function commandsIn(markdown: string): ShownCommand[] {
  let language: string | undefined;
  return markdown.split('\n').flatMap((text, at) => {
    const fence = FENCE.exec(text);
    if (fence !== null) language = language === undefined ? fence[1] : undefined;
    else if (language === undefined) return inlineCommands(text).map((command) => ({ line: at + 1, command }));
    else if (language === 'sh' && text.trim() !== '')
      return [{ line: at + 1, command: text.trim().replace(COMMENT, '') }];
    return [];
  });
}

/** Placeholders such as <command> stand for several commands. */
function inlineCommands(text: string): string[] {
  return [...text.matchAll(/`(npx preannotate [^`]+)`/g)]
    .map(([, command]) => command!)
    .filter((one) => !one.includes('<'));
}
