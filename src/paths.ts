// Where things are, unless flags say otherwise: what a packager would choose. systemd's directories win where
// it sets them, then root's system folders, then the user's own (XDG base directories). Used by the server
// process, by control and by every command, so that they meet without being told; no library here.
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

export type Paths = {
  readonly configDir: string;
  readonly stateDir: string;
  /** Holds the control socket, the server's status file and the tables in service; lost at a reboot. */
  readonly runDir: string;
  readonly controlPath: string;
};

/** What the operator said: flags, already read. */
export type PathFlags = {
  readonly config?: string | undefined;
  readonly state?: string | undefined;
  readonly control?: string | undefined;
};

export type Environment = Readonly<Record<string, string | undefined>>;

const systemControl = '/run/steerdns/control.sock';

/** Resolves all paths from flags, environment and user, in this order. */
export function resolvePaths(
  flags: PathFlags,
  environment: Environment = process.env,
  uid: number = process.getuid?.() ?? 0,
): Paths {
  const home = (variable: string, below: string): string => {
    const base = environment[variable];
    return join(
      base?.startsWith('/') === true ? base : join(environment.HOME ?? homedir(), below),
      'steerdns',
    );
  };
  const isRoot = uid === 0;
  const config = () => (isRoot ? '/etc/steerdns' : home('XDG_CONFIG_HOME', '.config'));
  const state = () => (isRoot ? '/var/lib/steerdns' : home('XDG_STATE_HOME', '.local/state'));
  const run = () => {
    if (isRoot) return dirname(systemControl);
    const base = environment.XDG_RUNTIME_DIR;
    return base?.startsWith('/') === true ? join(base, 'steerdns') : join(tmpdir(), `steerdns-${uid}`);
  };
  const controlPath = resolve(
    flags.control ??
      nonEmpty(environment.STEERDNS_CONTROL) ??
      join(first(environment.RUNTIME_DIRECTORY) ?? run(), 'control.sock'),
  );
  return {
    configDir: resolve(flags.config ?? first(environment.CONFIGURATION_DIRECTORY) ?? config()),
    stateDir: resolve(flags.state ?? first(environment.STATE_DIRECTORY) ?? state()),
    runDir: runDirOf(controlPath),
    controlPath,
  };
}

/**
 * The run directory that belongs to a control socket: the folder it is in; beside a socket of another name
 * than ours a folder of its own, so that two servers with sockets in one folder do not share it.
 */
export function runDirOf(controlPath: string): string {
  return basename(controlPath) === 'control.sock' ? dirname(controlPath) : `${controlPath}.run`;
}

/**
 * Where a command finds the daemon: its own user's socket, else the system's where only that one is there.
 */
export function findControl(
  flags: PathFlags,
  environment: Environment = process.env,
  uid: number = process.getuid?.() ?? 0,
  exists: (path: string) => boolean = existsSync,
): string {
  const { controlPath } = resolvePaths(flags, environment, uid);
  const chosen = flags.control !== undefined || nonEmpty(environment.STEERDNS_CONTROL) !== undefined;
  if (chosen || exists(dirname(controlPath)) || !exists(dirname(systemControl))) return controlPath;
  return systemControl;
}

/** systemd lists several directories with colons between them; the first is ours. */
function first(list: string | undefined): string | undefined {
  return nonEmpty(list?.split(':')[0]);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
