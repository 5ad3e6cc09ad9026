// The address hints of SVCB and HTTPS records (RFC 9460 §7.3) in their wire form, and their target. Called at
// a load, to see what a record leads to, and at a health change, to leave out what is down.
import { readUint16 } from './bytes.ts';
import { nameLength } from './names.ts';

/** Offset of TargetName in the RDATA, behind SvcPriority. */
export const svcTargetAt = 2;

/** SvcParamKeys, and the octets of an address of each kind of hint. */
const mandatoryKey = 0;
const hintSizes: Readonly<Record<number, number>> = { 4: 4, 6: 16 };

/** The addresses that the record at rdata[at, end) names as hints, in its order. */
export function hintsOf(rdata: Uint8Array, at = 0, end = rdata.length): Uint8Array[] {
  return paramsOf(rdata, at, end).flatMap(({ key, from, to }) => addressesIn(rdata, key, from, to));
}

/**
 * The RDATA without the hints that are out, and without a hint of which none is left; one that the record
 * says is mandatory stays as it is then, since without it the record would be malformed (RFC 9460 §8).
 */
export function withoutHints(rdata: Uint8Array, isOut: (address: Uint8Array) => boolean): Uint8Array {
  const params = paramsOf(rdata, 0, rdata.length);
  const [first] = params;
  if (first === undefined) return rdata;
  const mandatory = first.key === mandatoryKey ? keysIn(rdata, first.from, first.to) : [];
  const parts: Uint8Array[] = [rdata.subarray(0, first.from - 4)];
  for (const { key, from, to } of params) {
    const all = addressesIn(rdata, key, from, to);
    const left = all.filter((address) => !isOut(address));
    if (left.length === all.length || (left.length === 0 && mandatory.includes(key))) {
      parts.push(rdata.subarray(from - 4, to));
    } else if (left.length > 0) {
      const size = left.length * left[0]!.length;
      parts.push(Uint8Array.of(key >> 8, key & 255, size >> 8, size & 255), ...left);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}

type Param = { readonly key: number; readonly from: number; readonly to: number };

/** The SvcParams behind the target, with where their values stand. */
function paramsOf(rdata: Uint8Array, at: number, end: number): Param[] {
  const params: Param[] = [];
  const targetAt = at + svcTargetAt;
  for (let p = targetAt + nameLength(rdata, targetAt); p + 4 <= end; ) {
    const from = p + 4;
    const to = from + readUint16(rdata, p + 2);
    params.push({ key: readUint16(rdata, p), from, to });
    p = to;
  }
  return params;
}

function addressesIn(rdata: Uint8Array, key: number, from: number, to: number): Uint8Array[] {
  const size = hintSizes[key];
  if (size === undefined) return [];
  return Array.from({ length: (to - from) / size }, (_, i) =>
    rdata.slice(from + i * size, from + (i + 1) * size),
  );
}

function keysIn(rdata: Uint8Array, from: number, to: number): number[] {
  return Array.from({ length: (to - from) / 2 }, (_, i) => readUint16(rdata, from + 2 * i));
}
