// steerdns man: the man page in roff (man(7)), made from the table of commands. The build writes it to
// dist/steerdns.8, which npm puts where man looks.
import { version } from '../version.ts';
import { type Command, EXIT, exitMeanings, options } from './command.ts';
import { type Described, describeCommands } from './commands.ts';

export const command: Command = {
  usage: '',
  options: { json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const page = manPage(await describeCommands());
    process.stdout.write(values.json === true ? `${JSON.stringify({ page })}\n` : page);
    return EXIT.done;
  },
};

const environment = {
  STEERDNS_CONTROL: 'the control socket, in place of --control',
  STEERDNS_LOG: 'how much is logged: debug, info (default), warn, error or silent',
  STEERDNS_TRACE: '1: print the trace of a command that failed',
  NO_COLOR: 'not empty: no colours',
  'CONFIGURATION_DIRECTORY, STATE_DIRECTORY, RUNTIME_DIRECTORY':
    'set by systemd: settings and zones, what is kept between runs, the control socket',
} as const;

const files = {
  '/etc/steerdns/ORIGIN.zone': 'a zone; the name of the file is the name of the zone',
  '/etc/steerdns/ORIGIN.yaml': 'how its names are checked and balanced',
  '/etc/steerdns/steerdns.yaml': 'settings of the server',
  '/var/lib/steerdns': 'tables, verdicts and accepted files, kept between runs',
  '/run/steerdns/control.sock': 'the control socket',
} as const;

/** Makes the whole page. */
export function manPage(all: readonly Described[]): string {
  const verbs = all.flatMap(({ verb, what, command: { usage, options } }) => [
    `.SS ${bold(verb)} ${text(usage)}`.trimEnd(),
    `${text(capital(what))}.`,
    ...Object.entries(options).flatMap(([name, option]) => {
      const value = option.value === undefined ? '' : ` \\fI${text(option.value)}\\fR`;
      const again = option.multiple === true ? '; may be repeated' : '';
      return ['.TP', bold(`--${name}`) + value, `${text(capital(option.what + again))}.`];
    }),
  ]);
  const codes = Object.entries(exitMeanings).map(([name, what]) => [EXIT[name as keyof typeof EXIT], what]);
  const lines = [
    `.TH STEERDNS 8 "" "steerdns ${text(version)}" "System Administration"`,
    '.SH NAME',
    'steerdns \\- authoritative DNS server that only answers with servers that are up',
    '.SH SYNOPSIS',
    `${bold('steerdns')} \\fICOMMAND\\fR [\\fIflags\\fR]`,
    '.br',
    `${bold('steerdns help')} \\fICOMMAND\\fR`,
    '.SH DESCRIPTION',
    'A folder of zone files is served as it is. A YAML file beside a zone says how its names are checked and',
    'balanced; addresses that fail their checks leave the answers until they are well again.',
    '.SH COMMANDS',
    ...verbs,
    '.SH EXIT STATUS',
    ...codes.flatMap(([code, what]) => ['.TP', String(code), `${text(capital(String(what)))}.`]),
    '.SH ENVIRONMENT',
    ...listed(environment),
    '.SH FILES',
    ...listed(files),
    '.SH SEE ALSO',
    'README.md of the package: the keys of the YAML, and how to operate a server.',
  ];
  return `${lines.join('\n')}\n`;
}

function listed(rows: Readonly<Record<string, string>>): string[] {
  return Object.entries(rows).flatMap(([name, what]) => ['.TP', bold(name), `${text(capital(what))}.`]);
}

function bold(literal: string): string {
  return `\\fB${text(literal)}\\fR`;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Text for a line of roff: what would be a request or an escape stands as it is, and hyphens are ASCII. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
