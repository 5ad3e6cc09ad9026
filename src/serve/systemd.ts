// What systemd says to a service that it starts: sockets that it has bound (sd_listen_fds(3)), where it
// wants to be told how the service is (sd_notify(3)), and how often it wants a sign of life
// (sd_watchdog_enabled(3)). Read once by cli/serve.ts before any child is forked, and taken out of the
// environment: what it says is for this process alone. Plain, because nothing that a start waits for comes
// before it.

export type Systemd = {
  /** Sockets that were passed: descriptors from firstDescriptor on. */
  readonly sockets: number;
  /** The socket that is told, a path or, behind an @, an abstract name; undefined: nobody wants to know. */
  readonly notifyPath: string | undefined;
  /** A sign of life is due within this time; undefined: none is. */
  readonly watchdogMs: number | undefined;
};

/** Nobody of that kind has started us. */
export const noSystemd: Systemd = { sockets: 0, notifyPath: undefined, watchdogMs: undefined };

/** Where passed descriptors begin. */
export const firstDescriptor = 3;

const variables = [
  ...['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'],
  ...['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'],
];

/** Takes what systemd says to this process out of the environment. */
export function takeSystemd(
  environment: Record<string, string | undefined> = process.env,
  pid: number = process.pid,
): Systemd {
  const said = Object.fromEntries(variables.map((name) => [name, environment[name]]));
  for (const name of variables) delete environment[name];
  const isOurs = (name: string): boolean => said[name] === String(pid);
  const count = /^\d{1,4}$/.test(said.LISTEN_FDS ?? '') ? Number(said.LISTEN_FDS) : 0;
  const micros = /^[1-9]\d{0,14}$/.test(said.WATCHDOG_USEC ?? '') ? Number(said.WATCHDOG_USEC) : undefined;
  // Without a WATCHDOG_PID the watchdog is for whoever reads it.
  const isWatched = micros !== undefined && (said.WATCHDOG_PID === undefined || isOurs('WATCHDOG_PID'));
  const path = said.NOTIFY_SOCKET ?? '';
  return {
    sockets: isOurs('LISTEN_PID') ? count : 0,
    notifyPath: /^[/@]./.test(path) ? path : undefined,
    watchdogMs: isWatched ? micros / 1000 : undefined,
  };
}
