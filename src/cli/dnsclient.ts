// The door to dns2: messages as a client writes and reads them, for commands that ask a server as anybody
// else would. What the server answers with never passes through here.
import dns2 from 'dns2';

const { Packet } = dns2;

/** A query for the A records of `name`, ID 0, with EDNS as resolvers send it. */
export function writeQuery(name: string): Buffer {
  const query = new Packet();
  query.header.id = 0;
  query.header.rd = 0;
  query.questions.push(new Packet.Question(name.replace(/\.$/, ''), Packet.TYPE.A, Packet.CLASS.IN));
  query.additionals.push(Packet.Resource.EDNS([]));
  return query.toBuffer();
}

/**
 * The A records of a response; none of an error, of a truncated response or of one that cannot be read whole.
 */
export function readAddresses(message: Buffer): string[] {
  try {
    const response = Packet.parse(message);
    const { header, answers, errors } = response;
    if (header.rcode !== 0 || header.tc !== 0 || errors.length > 0) return [];
    if (answers.length !== header.ancount) return [];
    return answers.flatMap((answer) => (typeof answer.address === 'string' ? [answer.address] : []));
  } catch {
    return []; // dns2 throws at what is no message at all
  }
}
