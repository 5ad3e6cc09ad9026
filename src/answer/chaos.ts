// hot: class CHAOS, in which a server is asked about itself (RFC 4892): version.bind and version.server,
// hostname.bind and id.server, each a TXT record. Everything else in that class is refused. Called by
// respond.ts.
import type { Labels } from '../wire/labels.ts';
import { addCount, type Response, setAuthoritative, writeU16, writeU32 } from '../wire/message.ts';
import { CLASS, TYPE } from '../wire/numbers.ts';
import { SECTION } from './emit.ts';
import type { Tables } from './tables.ts';

/** What became of a question of class CHAOS. */
export const CHAOS = { answered: 0, unknown: 1, tooBig: 2 } as const;

const versionBind = wireName('version', 'bind');
const versionServer = wireName('version', 'server');
const hostnameBind = wireName('hostname', 'bind');
const idServer = wireName('id', 'server');

/** Answers `name` and `type` with what the operator lets us say of ourselves. */
export function answerChaos(tables: Tables, name: Labels, type: number, response: Response): number {
  const text = textOf(tables, name);
  if (text === null || text.length === 0 || (type !== TYPE.TXT && type !== TYPE.ANY)) return CHAOS.unknown;
  const octets = response.octets;
  let at = response.end;
  if (at + 13 + text.length > response.limit) return CHAOS.tooBig;
  writeU16(octets, at, 0xc00c);
  writeU16(octets, at + 2, TYPE.TXT);
  writeU16(octets, at + 4, CLASS.CH);
  writeU32(octets, at + 6, 0);
  writeU16(octets, at + 10, text.length + 1);
  octets[at + 12] = text.length;
  at += 13;
  for (let i = 0; i < text.length; i++) octets[at++] = text[i]!;
  response.end = at;
  addCount(response, SECTION.answer, 1);
  setAuthoritative(response);
  return CHAOS.answered;
}

function textOf(tables: Tables, name: Labels): Uint8Array | null {
  if (isName(name, versionBind) || isName(name, versionServer)) return tables.version;
  if (isName(name, hostnameBind) || isName(name, idServer)) return tables.identity;
  return null;
}

function isName(name: Labels, wanted: Uint8Array): boolean {
  if (name.size !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (name.octets[i] !== wanted[i]) return false;
  return true;
}

/** Set-up: a name of two labels in wire form. */
function wireName(first: string, second: string): Uint8Array {
  return new TextEncoder().encode(
    `${String.fromCharCode(first.length)}${first}${String.fromCharCode(second.length)}${second}\0`,
  );
}
