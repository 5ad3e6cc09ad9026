// Options of probes as the operator writes them, one parser per kind. A parsed value is plain data (JSON
// keeps it), in one canonical form, so that two ways to write the same check share one monitor. Called by
// config.ts.
import { isIP } from 'node:net';
import { probeTextMax } from '../../limits.ts';
import { parseReference } from './content.ts';
import type { Option, Parsed } from './probe.ts';

/** Status codes from `first` to `last`, both included. */
export type CodeRange = { readonly first: number; readonly last: number };

/** Parses one option; `wrong` ends a sentence that begins with the option's name. */
export function parseOption(option: Option, written: unknown): Parsed {
  return option.kind === 'own' ? option.parse(written) : parsers[option.kind](written, option);
}

type PlainOption = Exclude<Option, { kind: 'own' }>;

const parsers: Readonly<Record<PlainOption['kind'], (written: unknown, option: PlainOption) => Parsed>> = {
  text: parseText,
  host: parseHost,
  path: parsePath,
  port: parsePort,
  codes: parseCodesOption,
  flag: (written) => (typeof written === 'boolean' ? { value: written } : { wrong: 'must be true or false' }),
  choice: parseChoice,
  duration: (written) =>
    typeof written === 'number' && written >= 0 ? { value: written } : { wrong: 'must be a duration' },
  file: parseFile,
  content: parseReference,
};

function parseFile(written: unknown): Parsed {
  const good = typeof written === 'string' && /^\/[^\0]*$/.test(written) && written.length <= probeTextMax;
  return good ? { value: written } : { wrong: 'must be an absolute path' };
}

function parseText(written: unknown): Parsed {
  if (typeof written !== 'string') return { wrong: 'must be text; put it in quotes' };
  return written === '' ? { wrong: 'must not be empty' } : { value: written };
}

function parseChoice(written: unknown, option: PlainOption): Parsed {
  const choices = 'choices' in option ? (option.choices ?? []) : [];
  if (typeof written === 'string' && choices.includes(written)) return { value: written };
  return { wrong: `must be one of ${choices.join(', ')}` };
}

function parsePort(written: unknown): Parsed {
  const good = typeof written === 'number' && Number.isInteger(written) && written >= 1 && written <= 65_535;
  return good ? { value: written } : { wrong: 'must be a port number from 1 to 65535' };
}

function parsePath(written: unknown): Parsed {
  if (typeof written !== 'string' || !written.startsWith('/')) return { wrong: 'must begin with a slash' };
  if (written.includes('#')) return { wrong: 'must not have a fragment (#…): those are never sent' };
  if (/[^\x21-\x7e]/.test(written)) return { wrong: 'must be percent-encoded: printable ASCII, no spaces' };
  return { value: written };
}

/**
 * A name goes out in the Host header and as the name of the certificate, so it must be one; a port is kept.
 */
function parseHost(written: unknown): Parsed {
  const wrong = { wrong: 'must be a host name or an address, perhaps with a port' };
  if (typeof written !== 'string') return wrong;
  const { name, port } = splitHost(written);
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) return wrong;
  if (isIP(name) === 0 && !isHostName(name.replace(/\.$/, ''))) return wrong;
  // Servers and certificates know no final dot.
  const plain = name.toLowerCase().replace(/\.$/, '');
  return { value: hostText(plain) + (port === undefined ? '' : `:${Number(port)}`) };
}

function isHostName(name: string): boolean {
  const labels = name.split('.');
  const good = labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
  // What ends in a number was meant as an address.
  return good && name.length <= 253 && !/^\d+$/.test(labels.at(-1)!);
}

/** Parts of `name`, `name:port`, `192.0.2.1:port`, `[2001:db8::1]:port` or a bare address. */
export function splitHost(host: string): { name: string; port: string | undefined } {
  if (isIP(host) === 6) return { name: host, port: undefined };
  const parts = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/.exec(host)?.groups;
  return { name: parts?.address ?? parts?.name ?? '', port: parts?.port };
}

/** A name or address as it stands in a URL or a Host header: IPv6 in brackets. */
export function hostText(name: string): string {
  return isIP(name) === 6 ? `[${name}]` : name;
}

function parseCodesOption(written: unknown): Parsed {
  const codes = parseCodes(written);
  return 'wrong' in codes ? codes : { value: printCodes(codes.ranges) };
}

/**
 * Parses `200`, `200-299` or `200,204,300-399`, a number, or a list of these, into ranges in ascending order.
 */
export function parseCodes(written: unknown): { ranges: CodeRange[] } | { wrong: string } {
  const items = Array.isArray(written) ? written : [written];
  if (!items.every((item) => typeof item === 'string' || typeof item === 'number')) {
    return { wrong: 'must be status codes such as 200-299 or 200,204' };
  }
  const ranges: CodeRange[] = [];
  for (const part of items.join(',').split(',')) {
    const match = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part);
    if (match === null)
      return { wrong: `has "${part.trim()}", which is no status code and no range of them` };
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first > last) return { wrong: `has ${first}-${last}, which runs backwards` };
    if (first < 200 || last > 599) return { wrong: `has ${part.trim()}, but final codes are 200 to 599` };
    ranges.push({ first, last });
  }
  return { ranges: ranges.sort((a, b) => a.first - b.first || a.last - b.last) };
}

/** Prints ranges as an operator writes them: `200-299,304`. */
function printCodes(ranges: readonly CodeRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
