// What an http response says of the weight of its server, in a header or in the first line of the body; the
// words are those of statement.ts. A response that says nothing of it is no failure, but somebody should know
// that the check looks for it in vain. Called by the http probe.
import { isHeaderName } from './headers.ts';
import type { Parsed } from './probe.ts';
import { parseStatement, type Statement } from './statement.ts';

/** Where the weight is said: `body`, or a header in lower case. */
export type WeightFrom = 'body' | { readonly header: string };

/** As much of what says nothing as a warning has room for. */
const shownMax = 40;

/** Parses `body` or `{ header: X-Weight }`. */
export function parseWeightFrom(written: unknown): Parsed {
  if (written === 'body') return { value: 'body' };
  const keys = typeof written === 'object' && written !== null ? Object.keys(written) : [];
  const { header } = (written ?? {}) as { header?: unknown };
  const name = typeof header === 'string' ? header.toLowerCase() : '';
  if (keys.length !== 1 || keys[0] !== 'header') return { wrong: 'must be body or { header: NAME }' };
  return isHeaderName(name) ? { value: { header: name } } : { wrong: 'has a header with no name' };
}

/** What a header says, or a warning where it does not say anything. */
export function headerStatement(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
): Statement | { readonly warning: string } {
  const sent = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (sent === undefined) return { warning: `no header ${name}, which would say the weight` };
  const text = Array.isArray(sent) ? sent.join(', ') : sent;
  return parseStatement(text) ?? { warning: `${name} is ${quoted(text)}, which is no weight` };
}

/** What a body begins with; undefined where its first line is not whole yet. */
export function bodyStatement(
  octets: Buffer,
  isAll: boolean,
): Statement | { readonly warning: string } | undefined {
  const text = octets.toString();
  if (!isAll && !/^\s*\S[^\r\n]*[\r\n]/.test(text)) return undefined;
  return parseStatement(text) ?? { warning: `the body begins with ${quoted(text)}, which is no weight` };
}

function quoted(text: string): string {
  return JSON.stringify(text.trim().slice(0, shownMax));
}
