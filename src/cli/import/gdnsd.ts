// A folder of gdnsd, config and zones/, as one of ours: zone files without DYNA and DYNC, a YAML beside
// those that have had any, service_types as the checks of steerdns.yaml. Called by cli/import.ts.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ZoneNames } from './names.ts';
import type { Note } from './plan.ts';
import { Resources } from './resources.ts';
import { Services } from './services.ts';
import { hashOf, parseVscf, textsIn, type VscfHash } from './vscf.ts';
import { balanceText, checksText } from './yamltext.ts';
import { type Dialect, type Foreign, type Replacement, rewriteZone } from './zonetext.ts';

const none: VscfHash = new Map();
const defaultTtl = '86400';

/** Imports a folder: files by name. Throws the system's errors, and VscfFault. */
export function importGdnsd(dir: string, note: Note): Map<string, string> {
  const config = readConfig(join(dir, 'config'));
  const options = hashOf(config.get('options')) ?? none;
  const services = new Services(hashOf(config.get('service_types')) ?? none, note);
  const resources = new Resources(hashOf(config.get('plugins')) ?? none, services, note);
  const ttl = textsIn(options.get('zones_default_ttl'))?.[0] ?? defaultTtl;
  const files = new Map<string, string>();
  for (const name of readdirSync(join(dir, 'zones')).sort()) {
    const path = join(dir, 'zones', name);
    if (name.startsWith('.') || !statSync(path).isFile()) continue;
    const origin = `${name.replaceAll('@', '/').toLowerCase().replace(/\.$/, '')}.`;
    if (name.includes('@') || name === 'ROOT_ZONE') {
      note(`zones/${name}`, 'a zone of this name cannot be a file here');
      continue;
    }
    const names = new ZoneNames(origin);
    const dialect: Dialect = {
      types: ['DYNA', 'DYNC', 'DYNAAAA'],
      hasZoneNames: true,
      include: (written, from) => includeFile(join(dirname(from), written)),
      replace: (record) => replace(record, resources, names, note),
    };
    const text = rewriteZone(path, readFileSync(path, 'latin1'), origin, ttl, dialect);
    const head = startsWithTtl(text) ? '' : `$TTL ${ttl}\n`;
    files.set(`${origin.slice(0, -1)}.zone`, head + text);
    if (names.names.length > 0) files.set(`${origin.slice(0, -1)}.yaml`, balanceText(names.names));
  }
  const server = listenText(options, note) + checksText(services.checks);
  if (server !== '') files.set('steerdns.yaml', server);
  return files;
}

function readConfig(path: string): VscfHash {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none; // all its defaults
    throw error;
  }
  return parseVscf(path, text, filesOf);
}

/** Files behind an $include: one, all of a folder, or those that a pattern fits. */
function filesOf(path: string): { path: string; text: string }[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const [dir, pattern] = isFolder ? [path, '*'] : [dirname(path), path.slice(dirname(path).length + 1)];
  const parts = pattern.split(/([*?])/).map((part) => {
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  const fits = new RegExp(`^${parts.join('')}$`);
  const names = readdirSync(dir).filter((name) => !name.startsWith('.') && fits.test(name));
  if (names.length === 0 && !isFolder) throw new Error(`${path}: there is no such file`);
  return names.sort().map((name) => {
    const file = join(dir, name);
    return { path: file, text: readFileSync(file, 'latin1') };
  });
}

/** What an $INCLUDE of a zone file stands for, or why it does not. */
export function includeFile(path: string): { path: string; text: string } | string {
  try {
    return { path, text: readFileSync(path, 'latin1') };
  } catch (error) {
    return `it cannot be read: ${(error as NodeJS.ErrnoException).code}`;
  }
}

function replace(record: Foreign, resources: Resources, names: ZoneNames, note: Note): Replacement {
  const { owner, data, type } = record;
  const reference = data[0] ?? '';
  const plan = type === 'DYNAAAA' ? { because: 'it is of an older gdnsd' } : resources.plan(reference);
  // MAX/MIN: what holds while all is well, and while something changes; half of it unless it is said.
  const [most = '', least] = record.ttl.split('/');
  const seconds = /^\d+$/.test(most || (record.defaultTtl ?? ''))
    ? Number(most || record.defaultTtl)
    : undefined;
  const half = seconds === undefined ? undefined : Math.ceil(seconds / 2);
  const unsettled = least !== undefined && /^\d+$/.test(least) ? Number(least) : half;
  const replaced = 'because' in plan ? plan : names.take(owner, plan, most, unsettled);
  if ('because' in replaced) note(`${owner} ${type} ${reference}`, replaced.because);
  return replaced;
}

function startsWithTtl(text: string): boolean {
  return /^(\s*(;[^\n]*)?\n)*\$TTL\s/.test(text);
}

/** The addresses that gdnsd listened on, and a note on every other option. */
function listenText(options: VscfHash, note: Note): string {
  for (const key of options.keys()) {
    if (key !== 'listen' && key !== 'zones_default_ttl') note(`options ${key}`, 'it has no counterpart');
  }
  const value = options.get('listen');
  const all = value instanceof Map ? [...value.keys()] : (textsIn(value) ?? []);
  const named = all.filter((one) => one !== 'any');
  return named.length === 0 ? '' : `listen: [${named.map((one) => JSON.stringify(one)).join(', ')}]\n`;
}
