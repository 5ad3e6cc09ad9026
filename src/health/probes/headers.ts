// Headers of HTTP as the operator writes them, for a request and for what a response must have; names in
// lower case and in order, so that one check has one form. Called by the http probe.
import { headerSecretMax, probeHeadersMax, probeTextMax } from '../../limits.ts';
import { isReference } from './content.ts';
import type { ContentRule, Parsed } from './probe.ts';

export type Headers = Readonly<Record<string, string>>;

/** Headers that are made from other options, or by who sends the request. */
const notOurs: Readonly<Record<string, string>> = {
  host: 'is the option host',
  connection: 'is always sent by the probe',
  'content-length': 'goes with a body, and there is none',
  'transfer-encoding': 'goes with a body, and there is none',
  'keep-alive': 'is for connections that last, and each probe makes its own',
  upgrade: 'leads to another protocol',
  expect: 'goes with a body, and there is none',
};

/** Values that come from files or variables: tokens, mostly. */
export const headerContent: ContentRule = {
  isSecret: true,
  sizeMax: headerSecretMax,
  fault(text) {
    if (text === '') return 'is empty';
    return isValue(text) ? undefined : 'is more than one line of printable ASCII';
  },
};

/** Parses headers of a request; a value may be `{ file }` or `{ env }`. */
export function parseRequestHeaders(written: unknown): Parsed {
  const parsed = parseHeaders(written, true);
  if ('wrong' in parsed) return parsed;
  const name = Object.keys(parsed.value).find((one) => Object.hasOwn(notOurs, one));
  return name === undefined ? parsed : { wrong: `must not have ${name}: it ${notOurs[name]}` };
}

/** Parses headers that a response must have. */
export function parseExpectedHeaders(written: unknown): Parsed {
  return parseHeaders(written, false);
}

function parseHeaders(written: unknown, mayRefer: boolean): { value: Headers } | { wrong: string } {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return { wrong: 'must have names and values of its own' };
  }
  const entries = Object.entries(written).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (entries.length === 0) return { wrong: 'must have at least one header' };
  if (entries.length > probeHeadersMax) return { wrong: `must have at most ${probeHeadersMax} headers` };
  const names = new Set<string>();
  for (const [name, value] of entries) {
    // RFC 9110 §5.1 and §5.5: a token, and a value that no line break can end early.
    if (!isHeaderName(name)) {
      return { wrong: `has ${JSON.stringify(name)}, which is no name` };
    }
    if (names.has(name)) return { wrong: `has ${name} twice` };
    names.add(name);
    if (mayRefer && isReference(value)) continue;
    if (typeof value !== 'string' || !isValue(value))
      return { wrong: `has ${name} with a value that is no printable ASCII` };
    if (value.length > probeTextMax) return { wrong: `has ${name} with over ${probeTextMax} octets` };
  }
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1)) as [string, string][];
  return { value: Object.fromEntries(sorted) };
}

function isValue(text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/.test(text);
}

/** A status and headers for whoever watches, a line for each. */
export function headerLines(
  status: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${[value].flat().join(', ')}`);
  return [status.trim(), ...lines].join('\n');
}

/** Whether a name in lower case can be one of a header. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]{1,127}$/.test(name);
}

/** Says which expected header a response does not have, undefined where it has all. */
export function differingHeader(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  expected: Headers,
): string | undefined {
  for (const [name, value] of Object.entries(expected)) {
    const sent = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (sent === undefined) return `no header ${name}, expected "${value}"`;
    const all = Array.isArray(sent) ? sent : [sent];
    if (!all.some((one) => one.trim() === value)) {
      return `${name} is ${JSON.stringify(all.join(', ').slice(0, 60))}, expected "${value}"`;
    }
  }
  return undefined;
}
