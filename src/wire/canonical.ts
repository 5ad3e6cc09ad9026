// Where the names in RDATA are, and the canonical order of RDATA (RFC 4034 §6.2, §6.3) that duplicates are
// found by and zones are printed in. zone/ and answer/compile.ts ask; the rows of rdata.ts know.
import type { Field } from './fields.ts';
import { lowerOctet } from './hash.ts';
import { rowOf } from './rdata.ts';

/** A name inside wire RDATA. */
export type NameInRdata = { readonly at: number; readonly kind: NonNullable<Field['name']> };

/** Every name in well-formed wire RDATA between `start` and `end`, offsets counted from `start`. */
export function namesIn(type: number, octets: Uint8Array, start = 0, end = octets.length): NameInRdata[] {
  const names: NameInRdata[] = [];
  let p = start;
  for (const field of rowOf(type)?.fields ?? []) {
    if (field.name !== undefined) names.push({ at: p - start, kind: field.name });
    p = field.skip(octets, p, end);
  }
  return names;
}

/** Canonical order of two RDATA of one type: octets, names of the types in RFC 4034 §6.2 lowercase. */
export function compareRdata(
  type: number,
  a: Uint8Array,
  at: number,
  sizeA: number,
  b: Uint8Array,
  bt: number,
  sizeB: number,
): number {
  const fields = rowOf(type)?.fields;
  if (fields === undefined || !fields.some(isFolded)) return compareOctets(a, at, sizeA, b, bt, sizeB);
  let p = at;
  let q = bt;
  for (const field of fields) {
    const nextP = field.skip(a, p, at + sizeA);
    const nextQ = field.skip(b, q, bt + sizeB);
    const compare = isFolded(field) ? compareFolded : compareOctets;
    const difference = compare(a, p, nextP - p, b, q, nextQ - q);
    if (difference !== 0) return difference;
    p = nextP;
    q = nextQ;
  }
  return 0;
}

function isFolded(field: Field): boolean {
  return field.name === 'compressible' || field.name === 'folded';
}

function compareOctets(
  a: Uint8Array,
  at: number,
  sizeA: number,
  b: Uint8Array,
  bt: number,
  sizeB: number,
): number {
  const size = Math.min(sizeA, sizeB);
  for (let i = 0; i < size; i++) if (a[at + i] !== b[bt + i]) return a[at + i]! - b[bt + i]!;
  return sizeA - sizeB;
}

/** Length octets are below 64, so lowercasing a whole name changes its letters only. */
function compareFolded(
  a: Uint8Array,
  at: number,
  sizeA: number,
  b: Uint8Array,
  bt: number,
  sizeB: number,
): number {
  const size = Math.min(sizeA, sizeB);
  for (let i = 0; i < size; i++) {
    const difference = lowerOctet(a[at + i]!) - lowerOctet(b[bt + i]!);
    if (difference !== 0) return difference;
  }
  return sizeA - sizeB;
}
