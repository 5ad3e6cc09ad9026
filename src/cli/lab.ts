// `steerdns lab`: steerdns to try out, without root and without harm. Four toy web servers, the real daemon
// in front of them, queries that measure who is given how much, and a live view; `lab kill web2` from another
// terminal changes a web server of the lab that runs.
import { parseSocketAddress } from '../wire/addresses.ts';
import { type Command, complain, EXIT, options, textOf, type Values } from './command.ts';
import type { Happening } from './lab/daemon.ts';
import { Lab, type LabSettings } from './lab/lab.ts';
import { showLines, showObjects } from './lab/lines.ts';
import { portDefault } from './lab/place.ts';
import { actRemotely } from './lab/remote.ts';
import { showScreen } from './lab/screen.ts';
import { type Action, actions, toyNames } from './lab/toys.ts';

const listenDefault = '127.0.0.1:5311';

export const command: Command = {
  usage: `[${actions.join('|')} NAME]`,
  options: {
    listen: { value: 'ADDR:PORT', what: `where the daemon answers, ${listenDefault} by default` },
    port: { value: 'N', what: `port of the web servers, ${portDefault} by default` },
    plain: { what: 'print lines in place of a live view' },
    for: { value: 'SECONDS', what: 'end by itself after this time' },
    json: options.json,
  },
  positionalsMin: 0,
  positionalsMax: 2,
  async run(values, positionals) {
    const [action, name] = positionals;
    if (action !== undefined) return act(action, name, values);
    const settings = parseSettings(values);
    if (typeof settings === 'string') {
      complain(settings);
      return EXIT.usage;
    }
    return runLab(settings, values);
  },
};

type Settings = LabSettings & { readonly forMs: number | undefined };

function act(action: string, name: string | undefined, values: Values): Promise<number> | number {
  if (!actions.includes(action as Action) || name === undefined) {
    complain(`expected steerdns lab ${actions.join('|')} ${toyNames.join('|')}`);
    return EXIT.usage;
  }
  return actRemotely(action as Action, name, values.json === true);
}

/** Reads the flags, or says in a sentence what is wrong with one. */
function parseSettings(values: Values): Settings | string {
  const listenText = textOf(values, 'listen') ?? listenDefault;
  const listen = parseSocketAddress(listenText, 5311);
  if (listen === undefined || listen.port === 0)
    return `--listen is like ${listenDefault}, not "${listenText}"`;
  const portText = textOf(values, 'port') ?? String(portDefault);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535)
    return `--port is a number from 1 to 65535, not "${portText}"`;
  const forText = textOf(values, 'for');
  if (forText !== undefined && !/^[1-9]\d{0,5}$/.test(forText))
    return `--for is a whole number of seconds, not "${forText}"`;
  return { listen, port, forMs: forText === undefined ? undefined : Number(forText) * 1000 };
}

async function runLab({ forMs, ...settings }: Settings, values: Values): Promise<number> {
  const lab = await Lab.start(settings);
  if ('fault' in lab) {
    complain(lab.fault);
    return EXIT.failed;
  }
  let quit: () => void = () => {};
  const quitted = new Promise<void>((resolve) => (quit = resolve));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => quit());
  process.stdout.on('error', () => quit()); // nobody reads any more
  const timer = forMs === undefined ? undefined : setTimeout(quit, forMs);
  const ended = Promise.race([quitted, lab.failed]);
  if (values.json === true) await showObjects(lab, ended);
  else if (values.plain === true || process.stdout.isTTY !== true || process.env.TERM === 'dumb')
    await showLines(lab, ended);
  else await showScreen(lab, ended, quit);
  clearTimeout(timer);
  const why = await ended;
  const { load, happenings } = lab.state();
  await lab.end();
  if (why === undefined) {
    if (values.json !== true)
      process.stdout.write(`lab ended: ${load.unanswered} of ${load.sent} queries unanswered\n`);
    return EXIT.done;
  }
  sayWhy(why, happenings);
  return EXIT.failed;
}

/** Says why the daemon ended by itself, and what to do where that is known. */
function sayWhy(why: string, happenings: readonly Happening[]): void {
  for (const { level, text } of happenings.slice(-5)) if (level === 'error' && text !== why) complain(text);
  const hint = why.startsWith('cannot listen') ? '; --listen 127.0.0.1:5312 takes another port' : '';
  complain(`the daemon ended: ${why}${hint}`);
}
