// The table of commands: main.ts finds a verb here, and help, the man page and completions are made from it.
// Commands are loaded only when they are run or described, so that `serve` reaches no library through this
// file: keep it without imports but for types.
import type { HandVerb } from '../control/handrequest.ts';
import type { Command } from './command.ts';

export type Row = { readonly what: string; readonly load: () => Promise<{ command: Command }> };

/** Every verb, in the order in which help shows them. */
export const commands: Readonly<Record<string, Row>> = {
  serve: { what: 'answer queries until stopped', load: () => import('./serve.ts') },
  check: { what: 'find every fault in zones and settings', load: () => import('./check.ts') },
  reload: { what: 'take changed zones and settings into service', load: () => import('./reload.ts') },
  status: { what: 'show members, verdicts and shares', load: () => import('./status.ts') },
  zones: { what: 'list the zones in service', load: () => import('./zones.ts') },
  zone: { what: 'show a zone, or its records as they are in service', load: () => import('./zone.ts') },
  pools: { what: 'list the balanced names', load: () => import('./pools.ts') },
  explain: { what: 'show how a name is answered, step by step', load: () => import('./explain.ts') },
  drain: { what: 'no new clients for these members', load: () => hand('drain') },
  undrain: { what: 'lift a drain', load: () => hand('undrain') },
  up: { what: 'answer with these members whatever their checks say', load: () => hand('up') },
  down: { what: 'answer without these members whatever their checks say', load: () => hand('down') },
  weight: { what: 'give these members another weight', load: () => hand('weight') },
  release: { what: 'lift every hand on these members', load: () => hand('release') },
  timeline: { what: 'show how verdicts turned over, and why', load: () => import('./timeline.ts') },
  events: { what: 'show what happened, and follow it', load: () => import('./events.ts') },
  stats: { what: 'show everything that is measured', load: () => import('./stats.ts') },
  stop: { what: 'end the server that runs here', load: () => import('./stop.ts') },
  token: { what: 'make a token for the admin API', load: () => import('./token.ts') },
  verify: {
    what: 'ask many times, and compare shares with what is wanted',
    load: () => import('./verify.ts'),
  },
  doctor: { what: 'look for what goes wrong in practice', load: () => import('./doctor.ts') },
  probe: { what: 'probe members now, and show every step', load: () => import('./probe.ts') },
  push: { what: 'say how a server is, for checks of type push', load: () => import('./push.ts') },
  simulate: {
    what: 'show what comes of failures, in virtual time',
    load: () => import('./simulate.ts'),
  },
  lab: { what: 'try it: toy web servers behind a real daemon', load: () => import('./lab.ts') },
  completion: { what: 'print completions for bash, zsh or fish', load: () => import('./completion.ts') },
  man: { what: 'print the man page', load: () => import('./man.ts') },
  schema: { what: 'print the JSON Schema of a YAML file, for editors', load: () => import('./schema.ts') },
  import: { what: 'import from gdnsd, or Lua records of PowerDNS', load: () => import('./import.ts') },
  version: { what: 'print the version', load: () => import('./version.ts') },
};

async function hand(verb: HandVerb): Promise<{ command: Command }> {
  const { handCommand } = await import('./hand.ts');
  return { command: handCommand(verb) };
}

/** Verbs that no operator types: the control process is forked by the server. */
export const hidden: Readonly<Record<string, Row>> = {
  control: { what: '', load: () => import('./control.ts') },
};

/** What `help` does; it is no command of its own. */
export const helpWhat = 'show the flags of a command';

/** A command with all that can be said of it. */
export type Described = { readonly verb: string; readonly what: string; readonly command: Command };

/** Loads every command that an operator types. */
export function describeCommands(): Promise<Described[]> {
  const rows = Object.entries(commands);
  return Promise.all(
    rows.map(async ([verb, { what, load }]) => ({ verb, what, command: (await load()).command })),
  );
}
