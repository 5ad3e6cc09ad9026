// Holds our response against those of the peers. A difference is explained only by a row of `rules`, each
// with its reason; whatever no row explains is a fault of ours.

import { rowKeys } from '../compare.ts';
import { isWithin, lower, type Row, rcodeText, types } from '../rows.ts';
import type { Message } from '../wire.ts';
import type { DifferentialQuestion } from './questions.ts';
import type { PeerName } from './servers.ts';

/** What is compared of a response; rows are text, owners in lower case, sorted. */
export type View = {
  readonly rcode: string;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly answer: readonly string[];
  /** SOA and NS with their TTLs. */
  readonly authority: readonly string[];
  /** Addresses beside a referral. */
  readonly glue: readonly string[];
  /** Octets of the message. */
  readonly size: number;
};
export type Field = 'rcode' | 'aa' | 'tc' | 'answer' | 'authority' | 'glue';

export type Responses = {
  readonly ours: View;
  readonly peers: ReadonlyMap<PeerName, View>;
  /** What each peer says over TCP; only where something differs. */
  readonly whole: ReadonlyMap<PeerName, View>;
};
export type Difference = {
  readonly question: DifferentialQuestion;
  readonly fields: readonly Field[];
  readonly peer: PeerName;
  readonly ours: View;
  readonly theirs: View;
  readonly all: Responses;
};

export function viewOf(message: Message, size: number): View {
  const { rcode, aa, tc, answer, authority, additional } = message;
  const said = authority.filter(({ type }) => type === types.SOA || type === types.NS);
  const refers = said.some(({ type }) => type === types.NS);
  const isGlue = ({ type }: Row): boolean => refers && (type === types.A || type === types.AAAA);
  return {
    ...{ rcode: rcodeText(rcode), aa, tc, size },
    answer: [...new Set(rowKeys(answer))], // Knot writes a CNAME that names itself over and over
    authority: rowKeys(said),
    glue: rowKeys(additional.filter(isGlue)),
  };
}

/** The fields in which two responses differ; of a truncated one only the header counts. */
export function fieldsThatDiffer(ours: View, theirs: View): Field[] {
  const header = (['rcode', 'aa', 'tc'] as const).filter((field) => ours[field] !== theirs[field]);
  if (ours.tc || theirs.tc) return header;
  const sections = (['answer', 'authority', 'glue'] as const).filter(
    (field) => ours[field].join('\n') !== theirs[field].join('\n'),
  );
  return [...header, ...sections];
}

const nsec3 = 50;

type Rule = {
  readonly name: string;
  readonly reason: string;
  explains(difference: Difference): boolean;
};

const only = (fields: readonly Field[], ...allowed: readonly Field[]): boolean =>
  fields.every((field) => allowed.includes(field));
const begins = (long: readonly string[], short: readonly string[]): boolean =>
  short.every((row) => long.includes(row));
const typesIn = (rows: readonly string[]): number => new Set(rows.map((row) => row.split(' ')[2])).size;
/** Octets that a UDP response may have. */
const limitOf = ({ ask }: DifferentialQuestion): number =>
  Math.min(1232, Math.max(512, ask.edns?.size ?? 512));
const withoutTtl = (rows: readonly string[]): string =>
  rows
    .map((row) => row.replace(/ \d+ /, ' '))
    .sort()
    .join();
const lowestTtl = (rows: readonly string[]): number =>
  Math.min(...rows.map((row) => Number(row.split(' ')[1])));
const hasAlias = (rows: readonly string[]): boolean => rows.some((row) => / CNAME /.test(row));
const agrees = (ours: View, theirs: View | undefined): boolean =>
  theirs !== undefined && fieldsThatDiffer(ours, theirs).length === 0;

/** BIND gives an alias into another of its zones and nothing else. */
const isLeftToClient = (theirs: View | undefined): boolean =>
  theirs !== undefined && theirs.authority.length === 0 && theirs.answer.every((row) => / CNAME /.test(row));

/** NSD keeps the names of all zones in one tree. */
const namesOfParent = (ours: View, theirs: View | undefined): boolean =>
  ours.rcode === 'NXDOMAIN' &&
  theirs?.rcode === 'NOERROR' &&
  hasAlias(ours.answer) &&
  agrees(ours, { ...theirs, rcode: ours.rcode });

/** The short list. */
export const rules: readonly Rule[] = [
  {
    name: 'any',
    reason: 'RFC 8482 §4.1: we answer ANY with one RRset; NSD and Knot do so over UDP, with another',
    explains: ({ question, fields, ours, theirs }) =>
      question.ask.type === types.ANY &&
      only(fields, 'answer', 'tc') &&
      ours.answer.length > 0 &&
      (theirs.tc || begins(theirs.answer, ours.answer) || typesIn(theirs.answer) === 1),
  },
  {
    name: 'bind-minimal',
    reason: 'minimal responses of BIND leave out addresses of servers that are not below the cut',
    explains: ({ ours, theirs, fields, peer }) => {
      const cut = ours.authority[0]?.split(' ')[0] ?? '';
      const missing = ours.glue.filter((row) => !theirs.glue.includes(row));
      const isBelow = (row: string): boolean => row.split(' ')[0]!.endsWith(`.${cut}`);
      return (
        peer === 'bind' && only(fields, 'glue') && begins(ours.glue, theirs.glue) && !missing.some(isBelow)
      );
    },
  },
  {
    name: 'other-zone',
    reason:
      'a CNAME into another zone that we serve: we and NSD follow it, Knot and BIND leave that to the client',
    explains: ({ ours, theirs, peer, all, question }) =>
      peer !== 'nsd' &&
      theirs.rcode === 'NOERROR' &&
      hasAlias(theirs.answer) &&
      (ours.tc || begins(ours.answer, theirs.answer)) &&
      (agrees(ours, all.peers.get('nsd')) ||
        namesOfParent(ours, all.peers.get('nsd')) ||
        question.ask.type === types.ANY ||
        question.ask.type === nsec3),
  },
  {
    name: 'knot-in-zone',
    reason: 'a CNAME into a zone below its own that we serve too: Knot goes on in its own zone, NSD as we do',
    explains: ({ ours, peer, all }) =>
      peer === 'knot' &&
      hasAlias(ours.answer) &&
      agrees(ours, all.peers.get('nsd')) &&
      isLeftToClient(all.peers.get('bind')),
  },
  {
    name: 'nsd-tree',
    reason:
      'a wildcard below one of our zones that only its parent zone has: NSD says NOERROR to names there',
    explains: ({ ours, theirs, peer }) => peer === 'nsd' && namesOfParent(ours, theirs),
  },
  {
    name: 'nsd-nsec3',
    reason: 'NSD follows no alias for NSEC3, which never stands at one; the others do',
    explains: ({ theirs, peer, question }) =>
      peer === 'nsd' && question.ask.type === nsec3 && theirs.answer.length === 0,
  },
  {
    name: 'bind-loop',
    reason: 'BIND says SERVFAIL where CNAMEs go round; we, NSD and Knot give the links and NOERROR',
    explains: ({ ours, theirs, peer }) =>
      peer === 'bind' && theirs.rcode === 'SERVFAIL' && hasAlias(ours.answer),
  },
  {
    name: 'ttls-differ',
    reason:
      'RFC 2181 §5.2: of several TTLs in an RRset we take the lowest; others the first, the last or all',
    explains: ({ ours, theirs, fields, all }) =>
      only(fields, 'answer') &&
      ours.answer.every((row) => / NS /.test(row)) &&
      withoutTtl(ours.answer) === withoutTtl(theirs.answer) &&
      ours.answer.every((row) =>
        [...all.peers.values()].every(({ answer }) => lowestTtl([row]) <= lowestTtl(answer)),
      ),
  },
  {
    name: 'part-of-the-glue',
    reason: 'RFC 9471 §3.1: we and Knot truncate where not all glue fits, NSD and BIND give what does fit',
    explains: ({ ours, theirs, fields, peer, all }) =>
      only(fields, 'tc') && ours.tc && theirs.glue.length < (all.whole.get(peer)?.glue.length ?? 0),
  },
  {
    name: 'asked-for-a-server',
    reason:
      'the name of a server is a pointer to the question where others are asked for it or for one below it',
    explains: ({ ours, theirs, fields, question }) => {
      const written = theirs.authority
        .map((row) => ({ cut: row.split(' ')[0]!, server: row.split(' ')[3]! }))
        .filter(({ server }) => isWithin(question.ask.name, server))
        .map(({ cut, server }) => server.length - cut.length);
      return only(fields, 'tc') && ours.tc && theirs.size + Math.max(0, ...written) > limitOf(question);
    },
  },
  {
    name: 'room-for-glue',
    reason:
      'pointers of ours save more, so that we give all glue where others have no room for it but over TCP',
    explains: ({ ours, fields, peer, all }) =>
      only(fields, 'tc', 'glue') && ours.glue.length > 0 && !ours.tc && agrees(ours, all.whole.get(peer)),
  },
  {
    name: 'room-for-dname',
    reason: 'we point at the target of a DNAME where others write it again, so there is room for more',
    explains: ({ ours, theirs, fields }) =>
      !ours.tc &&
      ours.answer.some((row) => / DNAME /.test(row)) &&
      ((only(fields, 'tc') && theirs.tc) || (only(fields, 'authority') && theirs.authority.length === 0)),
  },
  {
    name: 'two-of-three',
    reason: 'the others disagree with one another, and two of the three say what we say',
    explains: ({ ours, all }) => [...all.peers.values()].filter((view) => agrees(ours, view)).length >= 2,
  },
];

/** Names of the rules that explain each peer's difference; `unexplained` where none does. */
export function judge(question: DifferentialQuestion, all: Responses): Verdict[] {
  return [...all.peers].flatMap(([peer, theirs]) => {
    const fields = fieldsThatDiffer(all.ours, theirs);
    if (fields.length === 0) return [];
    const rule = rules.find((one) => one.explains({ question, fields, peer, ours: all.ours, theirs, all }));
    return [{ peer, fields, rule: rule?.name ?? 'unexplained' }];
  });
}
export type Verdict = { readonly peer: PeerName; readonly fields: readonly Field[]; readonly rule: string };

/** A response in a few lines. */
export function printView(view: View): string {
  const flags = `${view.aa ? ' aa' : ''}${view.tc ? ' tc' : ''}`;
  const section = (name: string, rows: readonly string[]): string =>
    rows.length === 0
      ? ''
      : `\n    ${name}: ${rows.slice(0, 6).join('\n      ')}${rows.length > 6 ? ' …' : ''}`;
  const parts = (['answer', 'authority', 'glue'] as const).map((name) => section(name, view[name]));
  return `${view.rcode}${flags} ${view.size} octets${parts.join('')}`;
}

/** Lines of the zones that speak of the names of this question: enough to try it by hand. */
export function linesAbout(name: string, texts: readonly string[]): string[] {
  const last = lower(name).split('.').slice(-4).join('.');
  return texts.flatMap((text) => text.split('\n').filter((line) => lower(line).includes(last))).slice(0, 12);
}
