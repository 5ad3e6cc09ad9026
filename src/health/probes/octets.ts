// Octets as text with escapes, for what a check sends and looks for: \r \n \t \\ and \xNN. Text beyond ASCII
// stands for its UTF-8. Called by the tcp probe.
import { probeTextMax } from '../../limits.ts';
import type { Parsed } from './probe.ts';

const escapes: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, '\\': 92 };

/** Parses text with escapes into its one canonical form. */
export function parseOctetsOption(written: unknown): Parsed {
  if (typeof written !== 'string') return { wrong: 'must be text; put it in quotes' };
  if (written === '') return { wrong: 'must not be empty' };
  const octets = octetsOf(written);
  if (octets === undefined) return { wrong: 'has a backslash that is none of \\r \\n \\t \\\\ \\xNN' };
  if (octets.length > probeTextMax) return { wrong: `must have at most ${probeTextMax} octets` };
  return { value: printOctets(octets) };
}

/** The octets that a text with escapes stands for, undefined where an escape is none. */
export function octetsOf(text: string): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const [part] of text.matchAll(/\\x[0-9a-fA-F]{2}|\\.|\\|[^\\]+/gs)) {
    if (!part.startsWith('\\')) parts.push(Buffer.from(part));
    else if (part.length === 4) parts.push(Buffer.from([Number.parseInt(part.slice(2), 16)]));
    else if (Object.hasOwn(escapes, part.slice(1))) parts.push(Buffer.from([escapes[part.slice(1)]!]));
    else return undefined;
  }
  return Buffer.concat(parts);
}

/** Prints octets with escapes: printable ASCII as it is. */
export function printOctets(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    const letter = Object.keys(escapes).find((key) => escapes[key] === octet);
    if (letter !== undefined) text += `\\${letter}`;
    else if (octet >= 32 && octet < 127) text += String.fromCharCode(octet);
    else text += `\\x${octet.toString(16).padStart(2, '0')}`;
  }
  return text;
}
