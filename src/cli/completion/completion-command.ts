import type { Command } from 'commander';
import { PreannotateError } from '../../core/errors.js';
import { excerpt } from '../../core/text.js';
import { findNearest } from '../../disk/nearest.js';
import { addHelpNotes } from '../help.js';
import { throwUsageErrors } from '../usage/usage-errors.js';
import { completionScript, SHELLS, type Shell } from './scripts.js';

const EXAMPLES = `
Examples:
  preannotate completion bash > ~/.local/share/bash-completion/completions/preannotate
  preannotate completion zsh > ~/.zfunc/_preannotate
  preannotate completion fish > ~/.config/fish/completions/preannotate.fish

How to install it:
  bash  With the package bash-completion: the first example, after mkdir -p of its folder. Without it, add
        this line to ~/.bashrc:  eval "$(preannotate completion bash)"
  zsh   Add these lines to ~/.zshrc:  autoload -Uz compinit; compinit
                                      eval "$(preannotate completion zsh)"
        Or the second example, with fpath=(~/.zfunc $fpath) before compinit.
  fish  The third example, after mkdir -p of its folder.

A new shell then completes commands, options, their values, models on this machine, folders that hold a run,
and files.`;

export function defineCompletion(command: Command): Command {
  command.helpOption('-h, --help', 'Show this help').action((shell: string) => {
    process.stdout.write(completionScript(requireShell(shell)));
  });
  return throwUsageErrors(addHelpNotes(command, EXAMPLES));
}

function requireShell(shell: string): Shell {
  const known = SHELLS.find((name) => name === shell);
  if (known !== undefined) return known;
  const nearest = findNearest(shell, SHELLS);
  throw new PreannotateError({
    code: 'USAGE',
    message: `There is no completion for ${excerpt(shell)}.`,
    hint: nearest === undefined ? `The shells are ${SHELLS.join(', ')}.` : `Did you mean ${nearest}?`,
  });
}
