// `steerdns serve`: answers queries until it is stopped. SIGHUP reloads, SIGTERM and SIGINT stop. Everything
// that can be reached from here runs in the server process: keep libraries out.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { workersMax } from '../limits.ts';
import { resolvePaths } from '../paths.ts';
import { dropPrepared, prepareControl } from '../serve/child.ts';
import { readUser, type User } from '../serve/privileges.ts';
import type { Engine, Server, ServerFault, ServerOptions } from '../serve/server.ts';
import { takeSystemd } from '../serve/systemd.ts';
import { type Command, complain, EXIT, options, textOf, textsOf } from './command.ts';

/** What is unread when the server has stopped is given this long. */
const unreadMs = 500;

const engines = ['auto', 'batch', 'dgram'] as const;

export const command: Command = {
  usage: '',
  options: {
    config: options.config,
    listen: { value: 'ADDR:PORT', multiple: true, what: 'answer here, in place of what steerdns.yaml says' },
    workers: { value: 'N', what: 'UDP workers, in place of one per core' },
    engine: { value: 'NAME', choices: engines, what: 'how UDP is received: auto (default), batch or dgram' },
    user: { value: 'NAME[:GROUP]', what: 'started as root: be this user once the ports are bound' },
    state: options.state,
    control: options.control,
    json: { what: 'print how and where it answers, as JSON, once it does' },
  },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const engine = textOf(values, 'engine') ?? 'auto';
    if (!engines.includes(engine as Engine)) {
      complain(`--engine is one of ${engines.join(', ')}, not "${engine}"`);
      return EXIT.usage;
    }
    const workers = textOf(values, 'workers');
    if (workers !== undefined && !(/^[1-9]\d{0,2}$/.test(workers) && Number(workers) <= workersMax)) {
      complain(`--workers is a number from 1 to ${workersMax}, not "${workers}"`);
      return EXIT.usage;
    }
    const user = userOf(textOf(values, 'user'));
    if (user !== undefined && 'fault' in user) {
      complain(user.fault);
      return EXIT.usage;
    }
    const paths = resolvePaths({
      config: textOf(values, 'config'),
      state: textOf(values, 'state'),
      control: textOf(values, 'control'),
    });
    const systemd = takeSystemd();
    // A reload that is asked for while the start loads anyway asks for nothing more.
    let reload = (): void => {};
    process.on('SIGHUP', () => reload());
    const server = await startServer({
      ...paths,
      listen: textsOf(values, 'listen'),
      workers: workers === undefined ? undefined : Number(workers),
      engine: engine as Engine | 'auto',
      user,
      systemd,
    });
    if ('fault' in server) {
      complain(server.fault);
      return EXIT.failed;
    }
    reload = () => server.reload();
    if (values.json === true) process.stdout.write(`${JSON.stringify(server.facts)}\n`);
    await new Promise<void>((resolve) => {
      process.on('SIGTERM', resolve);
      process.on('SIGINT', resolve);
    });
    await server.stop();
    // Lines of the log that nobody reads must not keep a process that is done.
    if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), unreadMs);
    return EXIT.done;
  },
};

function userOf(text: string | undefined): User | { readonly fault: string } | undefined {
  if (text === undefined) return undefined;
  if (process.getuid?.() === 0) return readUser(text);
  return { fault: `--user ${text}: only root can become another user; leave it out, or start it as root` };
}

/** Where nothing was kept, control has all to do before the first answer: it is forked before all else. */
async function startServer(options: ServerOptions): Promise<Server | ServerFault> {
  if (!existsSync(join(options.stateDir, 'manifest.json'))) prepareControl(options.user);
  try {
    const { Server } = await import('../serve/server.ts');
    return await Server.start(options);
  } finally {
    dropPrepared();
  }
}
