// The door to dns2: messages as a client writes and reads them, for the dns probe and for commands that ask a
// server as anybody else would. What the server answers with never passes through here.
import dns2 from 'dns2';

const { Packet } = dns2;

/** What a client learns of a response. */
export type DnsResponse = {
  readonly id: number;
  readonly isResponse: boolean;
  readonly isTruncated: boolean;
  /** With the upper bits that EDNS has (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** Without the final dot; undefined where there is no question. */
  readonly question: { readonly name: string; readonly type: number } | undefined;
  /** Data of the A and AAAA records of the answer section. */
  readonly addresses: readonly string[];
  /** False where a record could not be read. */
  readonly isWhole: boolean;
};

/** A query for records of `name`, by default A and with ID 0, with EDNS as resolvers send it. */
export function writeQuery(name: string, type: number = Packet.TYPE.A, id = 0): Buffer {
  const query = new Packet();
  query.header.id = id;
  query.header.rd = 1;
  query.questions.push(new Packet.Question(name.replace(/\.$/, ''), type, Packet.CLASS.IN));
  query.additionals.push(Packet.Resource.EDNS([]));
  return query.toBuffer();
}

/** Reads a response; undefined for what is no message at all. */
export function readResponse(message: Buffer): DnsResponse | undefined {
  try {
    const { header, questions, answers, errors } = Packet.parse(message);
    const question = questions[0];
    return {
      id: header.id,
      isResponse: header.qr !== 0,
      isTruncated: header.tc !== 0,
      rcode: header.rcode,
      question: question && { name: question.name, type: Number(question.type) },
      addresses: answers.flatMap(({ address }) => (typeof address === 'string' ? [address] : [])),
      isWhole: errors.length === 0 && answers.length === header.ancount,
    };
  } catch {
    return undefined; // dns2 throws at what has no header
  }
}

/**
 * The addresses of a response; none of an error, of a truncated response or of one that cannot be read whole.
 */
export function readAddresses(message: Buffer): readonly string[] {
  const response = readResponse(message);
  if (response === undefined || response.rcode !== 0) return [];
  return response.isTruncated || !response.isWhole ? [] : response.addresses;
}
