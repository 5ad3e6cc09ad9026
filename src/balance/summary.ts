// How a pool is, in one line for a person who asked with dig: `pool www: 3 of 4 up, web3 down 41 s: 503`.
// Pure; made by control whenever answer sets are made, so the time that goes by is left open and written by
// whoever answers (answer/summary.ts).
import { summarySizeMax } from '../limits.ts';
import { handText } from './hand.ts';
import { type Entry, type FamilyState, isUp, isWilling } from './state.ts';

/** Text, and moments in seconds since 1970 that stand for the time which has gone by since. */
export type Summary = readonly (string | number)[];

/** Octets that a time gone by takes at most: `119 min`, `65535 d`. */
export const elapsedSizeMax = 7;

/** Octets kept for `, 4095 more`. */
const restSize = 11;

/** Sums up one family of the pool that `name` is short for, in at most `summarySizeMax` octets. */
export function summaryOf(name: string, { entries }: Pick<FamilyState, 'entries'>): Summary {
  const up = entries.filter(isUp).length;
  const parts: (string | number)[] = [cut(`pool ${name}: ${up} of ${entries.length} up`, summarySizeMax / 2)];
  const out = entries.filter((entry) => !isWilling(entry));
  let size = sizeOf(parts);
  for (const [i, entry] of out.entries()) {
    const clause = clauseOf(entry);
    const isLast = i === out.length - 1;
    size += sizeOf(clause);
    if (size > summarySizeMax - (isLast ? 0 : restSize)) {
      parts.push(`, ${out.length - i} more`);
      break;
    }
    parts.push(...clause);
  }
  return parts;
}

/** Why one address takes no new clients. */
function clauseOf({ member, health, held }: Entry): (string | number)[] {
  const name = `, ${member.name}`;
  if (held.state !== undefined && held.state.state !== 'up')
    return [cut(`${name} ${handText(held.state)}`, 60)];
  if (health.verdict !== 'down') return [`${name} drains by its own word`];
  const since = health.since === undefined ? [] : [' ', Math.floor(health.since / 1000)];
  const reason = health.last === undefined ? '' : cut(`: ${health.last.reason}`, 50);
  return [`${name} down`, ...since, reason];
}

/** At most so many octets of a text, in whole characters, and nothing that is not to be printed. */
function cut(text: string, sizeMax: number): string {
  let short = text.replaceAll(/\p{Cc}/gu, ' ');
  while (Buffer.byteLength(short) > sizeMax) short = `${[...short].slice(0, -2).join('')}…`;
  return short;
}

function sizeOf(parts: Summary): number {
  return parts.reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? elapsedSizeMax : Buffer.byteLength(part)),
    0,
  );
}
