// UDP through node:dgram: one thread for every platform and for whoever has no koffi. Slower than the batch
// engine; a wildcard address stands for the addresses of the interfaces, which are looked for again every few
// seconds. Its sockets are the server's where there is libc; else it binds for itself (places.ts).
import { createSocket, type Socket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER } from '../answer/counters.ts';
import { respond } from '../answer/respond.ts';
import { Tables } from '../answer/tables.ts';
import { tally } from '../answer/tally.ts';
import { receiveBufferSize, receiveTimeoutMs, udpQuerySizeMax, udpSizeMax } from '../limits.ts';
import { parseAddressText } from '../wire/literals.ts';
import { Response } from '../wire/message.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { stampTime } from './clock.ts';
import { Inbox, PHASE, type Publication, reportFault, type ThreadData } from './inbox.ts';
import { interfacesOf } from './interfaces.ts';
import { type Given, type Place, Places } from './places.ts';

export type DgramData = ThreadData & Given & { readonly listen: readonly Place[] };

const data = workerData as DgramData;
const tables = new Tables(data.counters, data.rateTable);
const inbox = new Inbox(parentPort!, data, tables);
const query = new Query();
const response = new Response();
const scratch = new Uint8Array(udpSizeMax);

query.transport = TRANSPORT.udp;
response.writeInto(scratch);
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
  tally(data.counters, query, response, length);
  if (length === 0) return;
  socket.send(Buffer.from(scratch.subarray(0, length)), port, address, (error) => {
    if (error !== null) data.counters[COUNTER.sendFailed]! += 1;
  });
}

function bindSocket({ address, port, fd }: Place): Promise<Socket> {
  const six = address.includes(':');
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ ...(fd === undefined ? { address, port } : { fd }), exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {}); // a peer's ICMP error is nothing to die of
      if (fd === undefined) askForRoom(socket);
      const local = socket.address();
      socket.on('message', (datagram, peer) =>
        serveDatagram(socket, local, datagram, peer.address, peer.port),
      );
      resolve(socket);
    });
  });
}

function askForRoom(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBufferSize);
  } catch {
    // the kernel's own size stays; drops are counted
  }
}

/** What is to be open at this moment: what the server has bound, and what stands behind the wildcards. */
function wanted(): readonly Place[] {
  return data.listen.flatMap((place) => (place.fd === undefined ? interfacesOf(place) : [place]));
}

parentPort!.on('message', (message: Publication) => inbox.take(message));

try {
  const places = new Places(data, parentPort!, wanted, bindSocket);
  await places.open();
  inbox.waitWhileWaiting();
  const watch = setInterval(() => {
    if (inbox.phase() !== PHASE.stopping) return;
    clearInterval(watch);
    for (const socket of places.opened) socket.close();
    parentPort!.close();
  }, receiveTimeoutMs);
} catch (error) {
  reportFault(parentPort!, error);
}
