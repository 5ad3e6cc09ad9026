// One question over UDP, by hand, so that the bench judges every server with the same few lines: that a
// server answers properly before it is measured, and when its first answer comes after a start. Not a DNS
// client.
import { createSocket, type Socket } from 'node:dgram';

const typeA = 1;
const typeOpt = 41;

/** What a response says, as far as the bench cares. */
export type Reply = {
  readonly id: number;
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  /** The A records of the answer section in their order. */
  readonly addresses: readonly string[];
  /** Records in the authority and additional sections, the OPT not counted. */
  readonly extraRecords: number;
  readonly hasOpt: boolean;
  readonly size: number;
};

/** Writes a query for the A records of `name`, with the OPT record that `dnsperf -e` sends. */
export function writeQuery(id: number, name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  const header = Buffer.from([id >>> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  const opt = [0, 0, typeOpt, 4096 >>> 8, 4096 & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, typeA, 0, 1, ...opt])]);
}

/** Reads a response; undefined for what is none or breaks off. */
export function readReply(message: Buffer): Reply | undefined {
  if (message.length < 12 || (message[2]! & 0x80) === 0) return undefined;
  const answers = message.readUInt16BE(6);
  const records = answers + message.readUInt16BE(8) + message.readUInt16BE(10);
  const addresses: string[] = [];
  let hasOpt = false;
  let at = 12;
  try {
    for (let question = 0; question < message.readUInt16BE(4); question++) at = skipName(message, at) + 4;
    for (let record = 0; record < records; record++) {
      at = skipName(message, at);
      const type = message.readUInt16BE(at);
      const length = message.readUInt16BE(at + 8);
      if (record < answers && type === typeA)
        addresses.push(message.subarray(at + 10, at + 10 + length).join('.'));
      if (type === typeOpt) hasOpt = true;
      at += 10 + length;
    }
  } catch {
    return undefined; // a read past the end
  }
  return {
    id: message.readUInt16BE(0),
    rcode: message[3]! & 15,
    truncated: (message[2]! & 2) !== 0,
    authoritative: (message[2]! & 4) !== 0,
    addresses,
    extraRecords: records - answers - (hasOpt ? 1 : 0),
    hasOpt,
    size: message.length,
  };
}

function skipName(message: Buffer, at: number): number {
  for (;;) {
    const length = message.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    if (length === 0) return at + 1;
    at += length + 1;
  }
}

/** Asks once and waits for the response with the same id; undefined after `timeoutMs`. */
export async function ask(port: number, name: string, timeoutMs: number): Promise<Reply | undefined> {
  return converse(
    port,
    name,
    timeoutMs,
    timeoutMs,
    () => true,
    () => false,
  );
}

/**
 * Asks every `everyMs` until an address comes back; gives performance.now() of that moment, or undefined
 * when the time is over or `isHopeless`.
 */
export async function firstAnswerAt(
  port: number,
  name: string,
  everyMs: number,
  timeoutMs: number,
  isHopeless: () => boolean,
): Promise<number | undefined> {
  let answeredAt: number | undefined;
  const isAnswer = (reply: Reply): boolean => {
    if (reply.rcode !== 0 || reply.addresses.length === 0) return false;
    answeredAt = performance.now();
    return true;
  };
  await converse(port, name, everyMs, timeoutMs, isAnswer, isHopeless);
  return answeredAt;
}

/** Repeats one query every `everyMs` until `accept` takes a reply to it or `timeoutMs` have passed. */
function converse(
  port: number,
  name: string,
  everyMs: number,
  timeoutMs: number,
  accept: (reply: Reply) => boolean,
  isHopeless: () => boolean,
): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const id = Math.floor(Math.random() * 65_536);
    const query = writeQuery(id, name);
    const socket: Socket = createSocket('udp4');
    const send = (): void => {
      if (isHopeless()) finish(undefined);
      else socket.send(query, port, '127.0.0.1');
    };
    const repeat = setInterval(send, everyMs);
    const finish = (reply: Reply | undefined): void => {
      clearInterval(repeat);
      clearTimeout(limit);
      socket.close();
      resolve(reply);
    };
    const limit = setTimeout(() => finish(undefined), timeoutMs);
    socket.on('error', () => undefined); // refused while the server starts: the next attempt tells
    socket.on('message', (message) => {
      const reply = readReply(message);
      if (reply !== undefined && reply.id === id && accept(reply)) finish(reply);
    });
    send();
  });
}
