// What a command is, and how its arguments become values. main.ts finds the command and runs it with this;
// every other file of cli/ exports one Command. Only plain files here: the server process starts through it
// too.
import { parseArgs, styleText } from 'node:util';
import { nearest } from '../near.ts';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2, notRunning: 3, controlRestarting: 4 } as const;

/** What each exit code means, for the man page. */
export const exitMeanings: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'refused or failed',
  usage: 'wrong usage',
  notRunning: 'the daemon is not running',
  controlRestarting: 'DNS is served, but the control process is just restarting: try again',
};

/**
 * One flag: `value` names its argument in the help text, or is absent for a switch. DIR, FILE and PATH are
 * completed as such.
 */
export type Option = {
  readonly value?: string;
  /** The only values there are, for completion. */
  readonly choices?: readonly string[];
  /** True where the flag may be given several times; its values are then a list. */
  readonly multiple?: boolean;
  readonly what: string;
};

export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** One command: what it accepts and what it does. */
export type Command = {
  /** Arguments as the help text shows them, without the flags: `NAME [TYPE]`. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly positionalsMin: number;
  readonly positionalsMax: number;
  /** Returns the exit code. */
  run(values: Values, positionals: readonly string[]): Promise<number>;
};

/** Flags that several commands share. */
export const options = {
  config: { value: 'DIR', what: 'folder of zone files and steerdns.yaml' },
  state: { value: 'DIR', what: 'folder for what is kept between runs' },
  control: { value: 'PATH', what: 'unix socket of the running daemon' },
  json: { what: 'print JSON' },
} as const satisfies Record<string, Option>;

/** A usage fault is a value, not an exception: main.ts prints it as one line before exit 2. */
export type UsageFault = { readonly fault: string };

/** Parses a command's arguments, or says in one line what is wrong with them. */
export function parseArguments(
  command: Command,
  args: readonly string[],
): { values: Values; positionals: string[] } | UsageFault {
  const known: Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const [name, option] of Object.entries(command.options)) {
    known[name] = {
      type: option.value === undefined ? 'boolean' : 'string',
      multiple: option.multiple ?? false,
    };
  }
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options: known, strict: true, allowPositionals: true });
  } catch (error) {
    return { fault: argumentFault(error, Object.keys(known)) };
  }
  if (parsed.values.help === true) return parsed;
  const { length } = parsed.positionals;
  if (length < command.positionalsMin) return { fault: `too few arguments, expected ${command.usage}` };
  if (length > command.positionalsMax) {
    return { fault: `unexpected argument "${parsed.positionals[command.positionalsMax]}"` };
  }
  return parsed;
}

function argumentFault(error: unknown, known: readonly string[]): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const flag = /'-?-?([^' ]+)/.exec(message)?.[1] ?? '';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const meant = nearest(flag, known);
    return `unknown flag --${flag}${meant === undefined ? '' : `, did you mean --${meant}?`}`;
  }
  return message.split('\n')[0]!.replace(/\.$/, '');
}

/** Makes the help text of one command. */
export function printUsage(verb: string, command: Command): string {
  const flags = Object.entries(command.options).map(([name, option]) => ({
    flag: `--${name}${option.value === undefined ? '' : ` ${option.value}`}`,
    what: option.what + (option.multiple === true ? ' (may be repeated)' : ''),
  }));
  const width = Math.max(0, ...flags.map(({ flag }) => flag.length));
  const head = ['usage: steerdns', verb, command.usage, flags.length > 0 ? '[flags]' : ''];
  const lines = [head.filter((word) => word !== '').join(' ')];
  if (flags.length > 0) lines.push('');
  for (const { flag, what } of flags) lines.push(`  ${flag.padEnd(width)}  ${what}`);
  return lines.join('\n') + '\n';
}

/** A flag's text, or undefined where it was not given. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Every value of a flag that may be repeated. */
export function textsOf(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

/** Prints a line of diagnostics, `steerdns: …`, on stderr, with a way out where there is one. */
export function complain(text: string, hint = ''): void {
  process.stderr.write(`steerdns: ${text}${hint === '' ? '' : ` (${hint})`}\n`);
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours text where the stream is a terminal and NO_COLOR (no-color.org) is not set. */
export function paint(stream: { isTTY?: boolean }, style: Style, text: string): string {
  const plain = stream.isTTY !== true || (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb';
  return plain ? text : styleText(style, text);
}

/** The same for stdout, as the makers of texts want it. */
export function painter(style: Style, text: string): string {
  return paint(process.stdout, style, text);
}
