/**
 * Completion of the command line. The scripts for the shells ask the plugin itself what may follow, by `__complete` and the
 * words so far, and so does kubectl. The response is that of cobra's programs, which kubectl expects: a candidate per line,
 * its description after a tab, and as the last line what the shell may add.
 */
import { COMMAND_NAMES, definitionOf, type CommandName, type OptionDefinition, type Shell } from './definitions.js';

/** First argument by which the scripts ask. */
export const COMPLETE = '__complete';
/** Last line of a response: nothing may be added, or the names of files. */
const NO_FILES = ':4';
const FILES = ':0';

type Candidate = readonly [word: string, description: string];

/** @param words that follow the name of the program; the last one is being typed, and may be empty */
export function complete(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const name = COMMAND_NAMES.find((command) => command === before[0]);
  if (name === undefined) return response(last, before.length === 0 ? beginnings() : []);
  // bash takes the = of --color=always for a word of its own.
  const word = last === '=' ? '' : last;
  const [option, hasEquals] = awaitedOption(name, before, last);
  if (option !== undefined) return valuesOf(option, hasEquals ? word.replace(/^[^=]*=/, '') : word, prefixOf(word));
  return response(word, word.startsWith('-') ? unusedOptions(name, before) : argumentsOf(name, before));
}

function response(word: string, candidates: readonly Candidate[]): string {
  const lines = candidates.filter(([candidate]) => candidate.startsWith(word)).map((candidate) => candidate.join('\t'));
  return `${[...lines, NO_FILES].join('\n')}\n`;
}

function beginnings(): Candidate[] {
  const commands = COMMAND_NAMES.map((name): Candidate => [name, definitionOf(name).summary]);
  return [...commands, ['--help', 'print the help'], ['--version', 'print the version']];
}

/** The option whose value is being typed, and whether it is in the same word as its name. */
function awaitedOption(
  name: CommandName,
  before: readonly string[],
  last: string,
): [option: OptionDefinition | undefined, hasEquals: boolean] {
  const [long = ''] = /^--[a-z-]+(?==)/.exec(last) ?? [];
  if (long !== '') return [optionNamed(name, long), true];
  const previous = before.at(-1) === '=' ? before.at(-2) : before.at(-1);
  const option = optionNamed(name, previous ?? '');
  return [option?.flags.includes('<') === true ? option : undefined, false];
}

/** What zsh and fish, which take --color=always for one word, expect before each value. */
function prefixOf(word: string): string {
  return /^--[a-z-]+=/.exec(word)?.[0] ?? '';
}

function valuesOf({ choices = [], isPath = false, text }: OptionDefinition, value: string, prefix: string): string {
  if (isPath) return `${FILES}\n`;
  return response(
    `${prefix}${value}`,
    choices.map((choice): Candidate => [`${prefix}${choice}`, text]),
  );
}

function optionNamed(name: CommandName, word: string): OptionDefinition | undefined {
  return definitionOf(name).options.find(({ flags }) => namesOf(flags).includes(word));
}

/** Of `-n, --namespace <name>`: both names. */
export function namesOf(flags: string): string[] {
  return flags.match(/(?<![\w-])--?[a-z][a-z-]*/gi) ?? [];
}

function unusedOptions(name: CommandName, before: readonly string[]): Candidate[] {
  const given = before.map((word) => word.replace(/=.*/, ''));
  const unused = definitionOf(name).options.filter(({ flags, isRepeatable = false }) => {
    return isRepeatable || !namesOf(flags).some((option) => given.includes(option));
  });
  const candidates = unused.map(({ flags, text }): Candidate => [namesOf(flags).at(-1) ?? '', text]);
  return [...candidates, ['--help', 'print the help']];
}

function argumentsOf(name: CommandName, before: readonly string[]): Candidate[] {
  const { argument } = definitionOf(name);
  const isGiven = before.slice(1).some((word, index) => {
    return !word.startsWith('-') && optionNamed(name, before[index] ?? '')?.flags.includes('<') !== true;
  });
  if (argument === undefined || isGiven) return [];
  return argument.choices.map((choice): Candidate => [choice, '']);
}

const BASH = `# bash 4 completion of kubectl-csiports
_kubectl_csiports() {
  local line word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  [[ $word == = ]] && word=
  while IFS= read -r line; do
    case $line in
      ${FILES}) compopt -o default ;;
      ${NO_FILES}) ;;
      *) line=\${line%%$'\\t'*}; [[ $line == "$word"* ]] && COMPREPLY+=("$line") ;;
    esac
  done < <(kubectl-csiports ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _kubectl_csiports kubectl-csiports
`;

const ZSH = `#compdef kubectl-csiports
compdef _kubectl-csiports kubectl-csiports
_kubectl-csiports() {
  local line
  local -a lines candidates
  lines=("\${(@f)$(kubectl-csiports ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[-1] == ${FILES} ]]; then _files; return; fi
  for line in "\${(@)lines[1,-2]}"; do
    candidates+=("\${line%%$'\\t'*}:\${line#*$'\\t'}")
  done
  _describe kubectl-csiports candidates
}
if [[ $funcstack[1] == _kubectl-csiports ]]; then _kubectl-csiports "$@"; fi
`;

const FISH = `# fish completion of kubectl-csiports
function __kubectl_csiports
  set -l words (commandline -opc) (commandline -ct)
  for line in (kubectl-csiports ${COMPLETE} $words[2..] 2>/dev/null)
    switch $line
      case ${FILES}
        __fish_complete_path (commandline -ct)
      case ${NO_FILES}
      case '*'
        echo $line
    end
  end
end
complete -c kubectl-csiports -f -a '(__kubectl_csiports)'
`;

/** kubectl runs this by its name, kubectl_complete-csiports, if it is on the PATH. */
const KUBECTL = `#!/bin/sh
exec kubectl-csiports ${COMPLETE} "$@"
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL };

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
