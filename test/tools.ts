// The Debian tools that some tests ask for. A test that needs one says `{ skip: missing('dig') }`; run.ts
// names what is missing before it starts, and refuses to go on in CI.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Command and the Debian package that has it. */
export const tools: Readonly<Record<string, string>> = {
  chromium: 'chromium',
  curl: 'curl',
  dig: 'bind9-dnsutils',
  dnsperf: 'dnsperf',
  fish: 'fish',
  gdnsd: 'gdnsd',
  groff: 'groff-base',
  ip: 'iproute2',
  knotd: 'knot',
  named: 'bind9',
  'ldns-read-zone': 'ldnsutils',
  'named-compilezone': 'bind9-utils',
  nsd: 'nsd',
  nsenter: 'util-linux',
  openssl: 'openssl',
  promtool: 'prometheus',
  setpriv: 'util-linux',
  'systemd-analyze': 'systemd',
  'systemd-notify': 'systemd',
  unbound: 'unbound',
  unshare: 'util-linux',
  zsh: 'zsh',
};

/** Folders beside PATH in which Debian keeps daemons. */
const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];

/** Where the command is, or undefined. */
export function find(command: string): string | undefined {
  return folders.map((folder) => join(folder, command)).find((path) => isExecutable(path));
}

/** False where the command is there, else why the test is left out: the value of `skip` in node:test. */
export function missing(command: string): false | string {
  return find(command) ? false : `${command} is not installed (Debian package ${tools[command]})`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
