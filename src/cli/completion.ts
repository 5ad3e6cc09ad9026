// steerdns completion bash|zsh|fish: a completion script made from the table of commands, so that it knows
// each verb and flag there is. It is printed and not installed: where completions lie differs from system to
// system.
import { type Command, complain, EXIT, type Option, options } from './command.ts';
import { type Described, describeCommands, helpWhat } from './commands.ts';

/** What may follow a flag, or stand where no flag does. */
type Follows = {
  readonly words: readonly string[];
  readonly paths: 'none' | 'directories' | 'files';
};

type Flag = {
  readonly name: string;
  readonly what: string;
  readonly value: string | undefined;
  readonly multiple: boolean;
  readonly follows: Follows;
};

type Verb = {
  readonly verb: string;
  readonly what: string;
  readonly flags: readonly Flag[];
  readonly follows: Follows;
};

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export const command: Command = {
  usage: Object.keys(shells).join('|'),
  options: { json: options.json },
  positionalsMin: 1,
  positionalsMax: 1,
  async run(values, [shell = '']) {
    if (!Object.hasOwn(shells, shell)) {
      complain(`there are completions for ${Object.keys(shells).join(', ')}, not for "${shell}"`);
      return EXIT.usage;
    }
    const script = completionScript(shell as keyof typeof shells, await describeCommands());
    process.stdout.write(values.json === true ? `${JSON.stringify({ shell, script })}\n` : script);
    return EXIT.done;
  },
};

/** Makes the script for a shell. */
export function completionScript(shell: keyof typeof shells, all: readonly Described[]): string {
  const verbs = all.map(verbOf);
  const help = { words: all.map(({ verb }) => verb), paths: 'none' as const };
  const made = `Completions of steerdns for ${shell}, made by: steerdns completion ${shell}`;
  return shells[shell]([...verbs, { verb: 'help', what: helpWhat, flags: [], follows: help }], made);
}

function verbOf({ verb, what, command: { usage, options } }: Described): Verb {
  const flags = Object.entries(options).map(([name, option]: [string, Option]) => ({
    name,
    what: option.what,
    value: option.value,
    multiple: option.multiple === true,
    follows: { words: option.choices ?? [], paths: pathsOf(option.value ?? '') },
  }));
  return { verb, what, flags, follows: { words: wordsOf(usage), paths: pathsOf(usage) } };
}

/** Words that a usage text offers: `kill` and `slow` of `[kill|slow NAME]`. */
function wordsOf(usage: string): string[] {
  return (usage.match(/[a-z-]+(\|[a-z-]+)+/g) ?? []).flatMap((choice) => choice.split('|'));
}

function pathsOf(usage: string): Follows['paths'] {
  if (/\b(FILE|PATH)\b/.test(usage)) return 'files';
  return /\bDIR\b/.test(usage) ? 'directories' : 'none';
}

/** In single quotes, as all three shells read them; a quote is left and entered again. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const bashPaths = { none: '', directories: 'compgen -d', files: 'compgen -f' } as const;

function bashScript(verbs: readonly Verb[], made: string): string {
  const afterFlag = verbs.flatMap(({ verb, flags }) =>
    flags
      .filter(({ value }) => value !== undefined)
      .map(({ name, follows }) => `    ${quote(`${verb} --${name}`)}) ${bashOffer(follows)}; return ;;`),
  );
  const afterVerb = verbs.map(({ verb, flags, follows }) => {
    const names = flags.map(({ name }) => `--${name}`);
    return `    ${verb}) ${bashOffer({ words: [...follows.words, ...names], paths: follows.paths })} ;;`;
  });
  return `# ${made}
_steerdns() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _steerdns_words ${quote(verbs.map(({ verb }) => verb).join(' '))}
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${afterFlag.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${afterVerb.join('\n')}
  esac
}
_steerdns_words() {
  local found
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen -W "$1" -- "$word")
}
_steerdns_paths() {
  local found
  compopt -o filenames 2>/dev/null
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <("$@" -- "$word")
}
complete -F _steerdns steerdns
`;
}

function bashOffer({ words, paths }: Follows): string {
  const offers = [
    words.length > 0 ? `_steerdns_words ${quote(words.join(' '))}` : '',
    paths === 'none' ? '' : `_steerdns_paths ${bashPaths[paths]}`,
  ].filter((offer) => offer !== '');
  return offers.length === 0 ? ':' : offers.join('; ');
}

const zshPaths = { none: '', directories: '_files -/', files: '_files' } as const;

function zshScript(verbs: readonly Verb[], made: string): string {
  const rows = verbs.map(({ verb, what }) => `    ${quote(`${verb}:${what.replaceAll(':', '\\:')}`)}`);
  const cases = verbs.map(({ verb, flags, follows }) => {
    const specs = [...flags.map(zshFlag), zshSpec('*', 'argument', follows)].map(quote);
    return `    ${verb})\n      _arguments -S ${specs.join(' \\\n        ')}\n      ;;`;
  });
  return `#compdef steerdns
# ${made}
_steerdns() {
  local -a verbs
  verbs=(
${rows.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command verbs
    return
  fi
  shift words
  ((CURRENT -= 1))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _steerdns ]; then _steerdns "$@"; else compdef _steerdns steerdns; fi
`;
}

function zshFlag({ name, what, value, multiple, follows }: Flag): string {
  const flag = `${multiple ? '*' : ''}--${name}[${what.replace(/[[\]\\:]/g, '\\$&')}]`;
  return value === undefined ? flag : zshSpec(flag, value, follows);
}

/** A specification of _arguments: where, a message, and what is offered there. */
function zshSpec(where: string, message: string, { words, paths }: Follows): string {
  const offer = words.length > 0 ? `(${words.join(' ')})` : zshPaths[paths] || ' ';
  return `${where}:${message.replace(/[[\]\\:]/g, '\\$&')}:${offer}`;
}

function fishScript(verbs: readonly Verb[], made: string): string {
  const lines = [`# ${made}`, 'complete -c steerdns -f'];
  for (const { verb, what, flags, follows } of verbs) {
    const seen = `complete -c steerdns -n ${quote(`__fish_seen_subcommand_from ${verb}`)}`;
    lines.push(`complete -c steerdns -n __fish_use_subcommand -a ${verb} -d ${quote(what)}`);
    if (follows.words.length > 0) lines.push(`${seen} -a ${quote(follows.words.join(' '))}`);
    if (follows.paths !== 'none') lines.push(`${seen} ${fishPaths[follows.paths]}`);
    for (const flag of flags) lines.push(`${seen} ${fishFlag(flag)}`);
  }
  return `${lines.join('\n')}\n`;
}

const fishPaths = { directories: `-a '(__fish_complete_directories)'`, files: '-F' } as const;

function fishFlag({ name, what, value, follows: { words, paths } }: Flag): string {
  const flag = `-l ${name} -d ${quote(what)}`;
  if (value === undefined) return flag;
  if (words.length > 0) return `${flag} -x -a ${quote(words.join(' '))}`;
  if (paths === 'none') return `${flag} -x`;
  return paths === 'files' ? `${flag} -r -F` : `${flag} -x ${fishPaths.directories}`;
}
