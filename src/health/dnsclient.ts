// The door to dns2: messages as a client writes and reads them, for the dns probe and for commands that ask a
// server as anybody else would. What the server answers with never passes through here. dns2 has no cookies
// (RFC 7873): their option is written behind what it made, and found by what we sent.

import dns2 from 'dns2';
import { udpSizeMax } from '../limits.ts';
import { parseAddressText, printAddress } from '../wire/literals.ts';
import { absoluteText } from '../wire/names.ts';
import { OPTION, TYPE } from '../wire/numbers.ts';

const { Packet } = dns2;

/** A record; of types that nobody here asks for there is no `data`. */
export type DnsRecord = {
  /** Absolute and lowercase, with the final dot, as names in `data` are. */
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  /** An address, the name that an NS or a CNAME leads to, or the serial of a SOA. */
  readonly data: string | undefined;
};

/** What a client learns of a response. */
export type DnsResponse = {
  readonly id: number;
  readonly isResponse: boolean;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  /** With the upper bits that EDNS has (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** Without the final dot; undefined where there is no question. */
  readonly question: { readonly name: string; readonly type: number } | undefined;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Data of the A and AAAA records of the answer section, as they came. */
  readonly addresses: readonly string[];
  /** Undefined where the response has no OPT record. */
  readonly edns:
    | {
        /** Octets that the server takes over UDP. */
        readonly size: number;
        readonly isDnssecOk: boolean;
        /** Scope of the client subnet (RFC 7871), where there is one. */
        readonly scope: number | undefined;
      }
    | undefined;
  /** False where a record could not be read. */
  readonly isWhole: boolean;
};

/** What a query may have beside its question. */
export type QueryOptions = {
  readonly recursive?: boolean;
  readonly isDnssecOk?: boolean;
  /** Octets that we take over UDP. */
  readonly size?: number;
  /** A client's network, as `192.0.2.0/24`. */
  readonly subnet?: string;
  /** The client's 8 octets, with the server's behind them where it has given some. */
  readonly cookie?: Uint8Array;
};

/** A query for records of `name`, by default A and with ID 0, with EDNS as resolvers send it. */
export function writeQuery(
  name: string,
  type: number = Packet.TYPE.A,
  id = 0,
  { recursive = true, isDnssecOk = false, size = udpSizeMax, subnet, cookie }: QueryOptions = {},
): Buffer {
  const query = new Packet();
  query.header.id = id;
  query.header.rd = recursive ? 1 : 0;
  query.questions.push(new Packet.Question(name.replace(/\.$/, ''), type, Packet.CLASS.IN));
  const options = subnet === undefined ? [] : [subnetOption(subnet)];
  const edns = { udpPayloadSize: size, doFlag: isDnssecOk };
  query.additionals.push(Packet.Resource.EDNS(options, edns));
  const message = query.toBuffer();
  return cookie === undefined ? message : withCookie(message, cookie);
}

function subnetOption(subnet: string) {
  const [ip = '', length = ''] = subnet.split('/');
  const family = ip.includes(':') ? 2 : 1;
  const ednsCode = Packet.EDNS_OPTION_CODE.ECS;
  return { ednsCode, family, sourcePrefixLength: Number(length), scopePrefixLength: 0, ip };
}

/** OPT is the last record of our queries, so that what stands behind them is more of its data. */
function withCookie(message: Buffer, cookie: Uint8Array): Buffer {
  const option = Buffer.alloc(4 + cookie.length);
  option.writeUInt16BE(OPTION.cookie, 0);
  option.writeUInt16BE(cookie.length, 2);
  option.set(cookie, 4);
  const longer = Buffer.concat([message, option]);
  // The length of its data stands behind the header, the question and the first ten octets of the record.
  let at = 12;
  while (longer[at] !== 0) at += longer[at]! + 1;
  const lengthAt = at + 1 + 4 + 9;
  longer.writeUInt16BE(longer.length - lengthAt - 2, lengthAt);
  return longer;
}

/** The cookie of a response to a query with this client cookie; undefined where it has none. */
export function readCookie(message: Buffer, client: Uint8Array): Buffer | undefined {
  const at = message.indexOf(client);
  if (at < 4 || message.readUInt16BE(at - 4) !== OPTION.cookie) return undefined;
  const length = message.readUInt16BE(at - 2);
  return length >= 16 && length <= 40 ? message.subarray(at, at + length) : undefined;
}

/** Reads a response; undefined for what is no message at all. */
export function readResponse(message: Buffer): DnsResponse | undefined {
  try {
    const { header, questions, answers, authorities, additionals, errors } = Packet.parse(message);
    const question = questions[0];
    const opt = additionals.find(({ type }) => type === Packet.TYPE.EDNS);
    return {
      id: header.id,
      isResponse: header.qr !== 0,
      isAuthoritative: header.aa !== 0,
      isTruncated: header.tc !== 0,
      rcode: header.rcode,
      question: question && { name: question.name, type: Number(question.type) },
      answers: answers.map(recordOf),
      authorities: authorities.map(recordOf),
      additionals: additionals.filter((one) => one !== opt).map(recordOf),
      addresses: answers.flatMap(({ address }) => (typeof address === 'string' ? [address] : [])),
      edns: opt && { size: opt.class, isDnssecOk: opt.doFlag === true, scope: scopeOf(opt.rdata ?? []) },
      isWhole: errors.length === 0 && answers.length === header.ancount,
    };
  } catch {
    return undefined; // dns2 throws at what has no header
  }
}

type Resource = InstanceType<typeof Packet.Resource>;

function recordOf(resource: Resource): DnsRecord {
  const { name, type, ttl } = resource;
  return { name: absoluteText(name), type, ttl, data: dataOf(resource) };
}

function dataOf({ type, address, ns, domain, serial }: Resource): string | undefined {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA: {
      const octets = address === undefined ? undefined : parseAddressText(address);
      return octets && printAddress(octets);
    }
    case TYPE.NS:
      return ns === undefined ? undefined : absoluteText(ns);
    case TYPE.CNAME:
      return domain === undefined ? undefined : absoluteText(domain);
    case TYPE.SOA:
      return String(serial);
    default:
      return undefined;
  }
}

function scopeOf(options: readonly { readonly ednsCode: number }[]): number | undefined {
  const subnet = options.find(({ ednsCode }) => ednsCode === Packet.EDNS_OPTION_CODE.ECS);
  return subnet && (subnet as { readonly scopePrefixLength?: number }).scopePrefixLength;
}

/**
 * The addresses of a response; none of an error, of a truncated response or of one that cannot be read whole.
 */
export function readAddresses(message: Buffer): readonly string[] {
  const response = readResponse(message);
  if (response === undefined || response.rcode !== 0) return [];
  return response.isTruncated || !response.isWhole ? [] : response.addresses;
}
