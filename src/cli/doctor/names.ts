// Asks a resolver for what doctor has to know of names that are not ours: addresses of name servers, and who
// serves the parent of a zone.

import type { SocketAddress } from '../../wire/addresses.ts';
import { RCODE, rcodeText, TYPE } from '../../wire/numbers.ts';
import { askTcp, askUdp, type Question, type Reply } from '../asking.ts';

/** One answer may take so long, and is asked for so often: every step of doctor ends. */
export const answerTimeoutMs = 2000;
export const tries = 2;

export type Resolved = { readonly data: readonly string[] } | { readonly fault: string };

/** Asks over UDP, and again over TCP where the answer is truncated. */
export async function askOf(server: SocketAddress, question: Question): Promise<Reply> {
  const reply = await askUdp(server, question, answerTimeoutMs, tries);
  if ('lost' in reply || !reply.response.isTruncated) return reply;
  return askTcp(server, question, answerTimeoutMs);
}

/** What a resolver says that a name has of a type; none where there is no such name. */
export async function resolve(resolver: SocketAddress, name: string, type: number): Promise<Resolved> {
  const reply = await askOf(resolver, { name, type });
  if ('lost' in reply) return { fault: `the resolver: ${reply.lost}` };
  const { rcode, answers, isWhole } = reply.response;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)
    return { fault: `the resolver says ${rcodeText[rcode] ?? rcode} to ${name}` };
  if (!isWhole) return { fault: `the resolver's answer for ${name} is not readable` };
  const data = answers.filter((record) => record.type === type).flatMap((record) => record.data ?? []);
  return { data: data.sort() };
}

/** All addresses of a name. */
export async function addressesOf(resolver: SocketAddress, name: string): Promise<Resolved> {
  const found = await Promise.all([resolve(resolver, name, TYPE.A), resolve(resolver, name, TYPE.AAAA)]);
  const data = found.flatMap((one) => ('data' in one ? one.data : []));
  const fault = found.find((one) => 'fault' in one);
  return data.length === 0 && fault !== undefined ? fault : { data };
}
