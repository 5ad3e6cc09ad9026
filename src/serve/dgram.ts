// UDP through node:dgram: one thread for every platform and for whoever has no koffi. Slower than the batch
// engine; a wildcard address stands for the interfaces that are there at the start, and what comes before the
// server is ready is lost, not kept waiting. It binds for itself, because a Node socket closes its descriptor
// with its thread.
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER } from '../answer/counters.ts';
import { respond } from '../answer/respond.ts';
import { Tables } from '../answer/tables.ts';
import { receiveBufferSize, receiveTimeoutMs, udpQuerySizeMax, udpSizeMax } from '../limits.ts';
import { parseAddressText } from '../wire/literals.ts';
import { Response } from '../wire/message.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { stampTime } from './clock.ts';
import { Inbox, PHASE, type Publication, reportFault, type ThreadData, type ThreadReport } from './inbox.ts';

export type DgramData = ThreadData & { readonly listen: readonly { address: string; port: number }[] };

const data = workerData as DgramData;
const tables = new Tables(data.counters, data.rateTable);
const inbox = new Inbox(parentPort!, data, tables);
const query = new Query();
const response = new Response();
const scratch = new Uint8Array(udpSizeMax);

query.transport = TRANSPORT.udp;
response.octets = scratch;
response.sizeMax = udpSizeMax;

function serveDatagram(
  socket: Socket,
  local: { readonly address: string; readonly port: number },
  datagram: Uint8Array,
  address: string,
  port: number,
): void {
  if (inbox.isBehind()) inbox.drain();
  if (inbox.phase() !== PHASE.answering) return;
  query.octets = datagram;
  query.length = datagram.length > udpQuerySizeMax ? 0 : datagram.length; // as in the batch engine: not read
  query.sourcePort = port;
  query.source = parseAddressText(address.split('%')[0]!)!; // a link-local one has its zone behind it
  query.sourceSize = query.source.length;
  query.isOurs = port === local.port && address === local.address;
  stampTime(query);
  const length = respond(tables, query, response);
  if (length === 0) return;
  socket.send(Buffer.from(scratch.subarray(0, length)), port, address, (error) => {
    if (error !== null) data.counters[COUNTER.sendFailed]! += 1;
  });
}

function bindSocket({ address, port }: { address: string; port: number }): Promise<Socket> {
  const six = address.includes(':');
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject);
      socket.on('error', () => {}); // a peer's ICMP error is nothing to die of
      try {
        socket.setRecvBufferSize(receiveBufferSize);
      } catch {
        // the kernel's own size stays; drops are counted
      }
      const local = socket.address();
      socket.on('message', (datagram, peer) =>
        serveDatagram(socket, local, datagram, peer.address, peer.port),
      );
      resolve(socket);
    });
  });
}

/** The addresses behind a wildcard: node:dgram cannot say where a datagram came to, a socket for each can. */
function interfaces({
  address,
  port,
}: {
  address: string;
  port: number;
}): { address: string; port: number }[] {
  if (address !== '0.0.0.0' && address !== '::') return [{ address, port }];
  const family = address === '::' ? 'IPv6' : 'IPv4';
  return Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter((one) => one.family === family && !one.address.startsWith('fe80:'))
    .map((one) => ({ address: one.address, port }));
}

parentPort!.on('message', (message: Publication) => inbox.take(message));

try {
  const sockets = await Promise.all(data.listen.flatMap(interfaces).map(bindSocket));
  parentPort!.postMessage({ kind: 'listening' } satisfies ThreadReport);
  const watch = setInterval(() => {
    if (inbox.phase() !== PHASE.stopping) return;
    clearInterval(watch);
    for (const socket of sockets) socket.close();
    parentPort!.close();
  }, receiveTimeoutMs);
} catch (error) {
  reportFault(parentPort!, error);
}
