/**
 * Shell completion: small scripts that ask `callboard complete -- WORDS...` what may stand at the cursor. So they never go out of date, and
 * topic names are those of the cluster.
 */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of callboard: source <(callboard completion bash)
_callboard() {
  local IFS=$'\\n'
  COMPREPLY=($(callboard complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _callboard callboard
`,
  zsh: `#compdef callboard
# zsh completion of callboard: source <(callboard completion zsh)
_callboard() {
  local -a found
  found=("\${(@f)$(callboard complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _callboard callboard
`,
  fish: `# fish completion of callboard: callboard completion fish | source
function __callboard_complete
  set -l words (commandline -opc) (commandline -ct)
  callboard complete -- $words[2..-1] 2>/dev/null
end
complete -c callboard -f -a '(__callboard_complete)'
`,
};

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

export interface Candidates {
  readonly words: readonly string[];
  /** A topic's name may stand here. */
  readonly topics: boolean;
}

/** What may stand in place of the last word, which is the one being written. */
export function candidates(program: Command, words: readonly string[]): Candidates {
  const typed = words.at(-1) ?? '';
  let command = program;
  let operands = 0;
  const before = words.slice(0, -1);
  for (let at = 0; at < before.length; at += 1) {
    const word = before[at] ?? '';
    if (word.startsWith('-')) {
      const option = optionOf(command, word);
      // Its value follows, and is none of the operands.
      if (option?.required === true && !word.includes('=')) at += 1;
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) operands += 1;
    else command = next;
  }
  const last = before.at(-1) ?? '';
  const open = last.startsWith('-') ? optionOf(command, last) : undefined;
  if (open?.required === true) return { words: matching(open.argChoices ?? [], typed), topics: false };
  const options = command.options.filter((one) => !one.hidden).map((one) => one.long ?? one.short ?? '');
  const names = visible(command).map((one) => one.name());
  const argument = command.registeredArguments[operands];
  const choices = argument?.argChoices ?? [];
  const offered = typed.startsWith('-') ? [...options, '--help'] : [...names, ...choices];
  return { words: matching(offered, typed), topics: argument?.name() === 'topic' && !typed.startsWith('-') };
}

function optionOf(command: Command, word: string): Command['options'][number] | undefined {
  const name = word.split('=')[0] ?? '';
  return command.options.find((one) => one.long === name || one.short === name);
}

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function matching(words: readonly string[], typed: string): readonly string[] {
  return words.filter((word) => word !== '' && word.startsWith(typed));
}
