// `serve --user`: root binds to port 53 and is then given up for good, before anything that came over the
// network is read. The directories of the server become that user's first. What a user owns, root writes
// nothing into and changes nothing in: a link that lies there could lead anywhere.
import { chownSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Who the server is once it has bound its sockets. */
export type User = { readonly uid: number; readonly gid: number; readonly name: string | undefined };

/** What the types of Node leave out. */
type Process = NodeJS.Process & { initgroups(user: string, gid: number): void };

/** The tables of users and groups as text. */
export type Accounts = { readonly passwd: string; readonly group: string };

/** Reads `NAME`, `NAME:GROUP` or numbers in place of either; a sentence where that is nobody. */
export function readUser(
  text: string,
  accounts: Accounts = systemAccounts(),
): User | { readonly fault: string } {
  const [who, group, rest] = text.split(':');
  if (!who || group === '' || rest !== undefined) {
    return { fault: `--user is NAME or NAME:GROUP, not "${text}"` };
  }
  const isNumber = /^\d{1,9}$/.test(who);
  const row = rowsOf(accounts.passwd).find((one) => one[isNumber ? 2 : 0] === who);
  if (row === undefined && !isNumber) {
    const hint = 'for one of a directory service say UID:GID in numbers';
    return { fault: `--user ${text}: there is no user ${who} in /etc/passwd (${hint})` };
  }
  const uid = Number(row?.[2] ?? who);
  const gid = group === undefined ? row?.[3] : groupOf(group, accounts.group);
  if (gid === undefined) {
    const what = group === undefined ? `user ${who} has no group of its own` : `there is no group ${group}`;
    return { fault: `--user ${text}: ${what} (say ${who}:GID in numbers)` };
  }
  return { uid, gid: Number(gid), name: row?.[0] };
}

function groupOf(group: string, table: string): string | undefined {
  if (/^\d{1,9}$/.test(group)) return group;
  return rowsOf(table).find(([name]) => name === group)?.[2];
}

function rowsOf(table: string): string[][] {
  return table.split('\n').map((line) => line.split(':'));
}

function systemAccounts(): Accounts {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return ''; // then there are numbers only
    }
  };
  return { passwd: read('/etc/passwd'), group: read('/etc/group') };
}

/**
 * Gives root up, in all threads of this process and for good; `supplementary` groups are those that the
 * system has for the user. Throws where it does not succeed: nothing must go on as root then.
 */
export function become({ uid, gid, name }: User): void {
  process.setgid!(gid);
  if (name === undefined) process.setgroups!([gid]);
  else (process as Process).initgroups(name, gid);
  process.setuid!(uid);
  if (uid === 0) return;
  try {
    process.setuid!(0);
  } catch {
    return;
  }
  throw new Error('root was given up, and could be had again');
}

/** Whether a user can get into a directory: one above it may be closed. Takes that user's rights to see. */
export function canEnter(directory: string, { uid, gid, name }: User): boolean {
  const groups = process.getgroups!();
  if (name === undefined) process.setgroups!([gid]);
  else (process as Process).initgroups(name, gid);
  process.setegid!(gid);
  process.seteuid!(uid);
  try {
    lstatSync(join(directory, '.'));
    return true;
  } catch {
    return false;
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
    process.setgroups!(groups);
  }
}

/**
 * Makes a directory for a user, or takes over one of root's that holds nothing but what a server of ours has
 * left there. A sentence where it cannot be the user's. Throws the system's error.
 */
export function makeOwn(directory: string, mode: number, user: User): string | undefined {
  mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
  mkdirSync(directory, { recursive: true, mode });
  const owner = statSync(directory).uid;
  if (owner === user.uid) return undefined;
  const hint = `chown it, or choose another with --state and --control`;
  const who = user.name ?? user.uid;
  if (owner !== 0) return `${directory} belongs to user ${owner}, not to ${who} (${hint})`;
  const foreign = readdirSync(directory).find((name) => !ours.test(name));
  if (foreign !== undefined) {
    return `${directory} is root's and holds ${foreign}, which is not ours to give to ${who} (${hint})`;
  }
  // Root's until now: no link in it is of anybody else's making.
  for (const name of readdirSync(directory)) giveAway(join(directory, name), user);
  chownSync(directory, user.uid, user.gid);
  return undefined;
}

/** What lies in a state or run directory. */
const ours =
  /^(tables|accepted|(manifest|verdicts|listen|settings|server)\.json|control\.sock|lock(\.\d+)?)(\.new)?$/;

function giveAway(path: string, user: User): void {
  if (lstatSync(path).isDirectory()) {
    for (const name of readdirSync(path)) giveAway(join(path, name), user);
  }
  lchownSync(path, user.uid, user.gid);
}
