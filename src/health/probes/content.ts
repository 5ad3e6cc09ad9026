// Contents of files and of variables of the environment among the options of a probe: keys, certificates,
// tokens. config/ reads them when it loads. They travel with the options and are never printed: keys of
// endpoints have a digest in their place, and what a server sends back of them is struck out of reasons.
import { createHash } from 'node:crypto';
import type { Content, Options, Parsed } from './probe.ts';

/** What the operator writes in place of a value. */
export type Reference = { readonly file: string } | { readonly env: string };

/** Too short to find out a secret by trying, long enough to see that it has changed. */
const digestLength = 8;
/** A server may send part of a secret back: so much of its beginning is enough to know it by. */
const knownBy = 8;

/** Parses a path, `{ file: PATH }` or `{ env: NAME }`. */
export function parseReference(written: unknown): Parsed {
  if (typeof written === 'string' && written !== '') return { value: { file: written } };
  if (isReference(written)) return { value: written };
  return { wrong: 'must be the path of a file, or { env: NAME }' };
}

/** Whether a value is `{ file }` or `{ env }`, and nothing else. */
export function isReference(value: unknown): value is Reference {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [[key, named] = ['', '']] = entries;
  const isNamed = typeof named === 'string' && named !== '' && !named.includes('\0');
  return entries.length === 1 && (key === 'file' || key === 'env') && isNamed;
}

/** Makes the value of an option from what was read. */
export function makeContent(from: string, content: string): Content {
  const digest = createHash('sha256').update(content).digest('hex').slice(0, digestLength);
  return { from, digest, content };
}

/** Whether a value came from a file or a variable. */
export function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && 'content' in value && 'digest' in value;
}

/** For JSON.stringify: has the digest in the place of each content. */
export function digestsOnly(_key: string, value: unknown): unknown {
  return isContent(value) ? value.digest : value;
}

/** The text of an option that may have come from a file; undefined where it is absent. */
export function textOf(option: unknown): string | undefined {
  if (isContent(option)) return option.content;
  return option === undefined ? undefined : String(option);
}

/** Every content among these values. */
export function secretsIn(values: Options): string[] {
  return Object.values(values).flatMap((value) => (isContent(value) ? [value.content] : []));
}

/** Strikes out what begins like one of these secrets, as far as it is one. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    const start = secret.slice(0, knownBy);
    for (let at = clean.indexOf(start); at >= 0; at = clean.indexOf(start, at + 1)) {
      let end = at + start.length;
      while (end < clean.length && clean[end] === secret[end - at]) end++;
      clean = `${clean.slice(0, at)}…${clean.slice(end)}`;
    }
  }
  return clean;
}
