// The stream worker: DNS over TCP (RFC 7766) in a thread of its own, so that a flood of connections starves
// neither UDP nor probes. Pipelined queries are answered in order; who may connect is in connections.ts, what
// a connection may do in connection.ts, limits and deadlines in limits.ts.
import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER } from '../answer/counters.ts';
import { Tables } from '../answer/tables.ts';
import { receiveTimeoutMs, tcpBacklog, tcpStopTimeoutMs } from '../limits.ts';
import { Connection, type Service } from './connection.ts';
import { Connections } from './connections.ts';
import { Inbox, PHASE, type Publication, reportFault, type ThreadData } from './inbox.ts';
import { type Given, type Place, Places } from './places.ts';
import { Turns } from './turns.ts';

export type StreamData = ThreadData &
  Given & {
    readonly listen: readonly Place[];
    /** Connections that there are descriptors for. */
    readonly connectionsMax: number;
  };

const data = workerData as StreamData;
const tables = new Tables(data.counters);
const inbox = new Inbox(parentPort!, data, tables);
const connections = new Connections<Connection>(data.connectionsMax);
const turns = new Turns<Connection>();

const service: Service = {
  tables,
  beforeBatch: () => {
    if (inbox.isBehind()) inbox.drain();
  },
  closed: (connection) => connections.remove(connection),
  awaitsTurn: (connection) => turns.add(connection),
};

/** Takes in a connection; where there are too many, the one that was silent for longest makes room. */
function accept(connection: Connection): void {
  const isClientFull = connections.isClientFull(connection.client);
  if (isClientFull || connections.isFull) {
    connections.quietest(isClientFull ? connection.client : undefined)!.destroy();
    data.counters[isClientFull ? COUNTER.tcpRefusedClient : COUNTER.tcpRefused]! += 1;
  }
  connections.add(connection);
  data.counters[COUNTER.tcpAccepted]! += 1;
}

function listen(place: Place): Promise<Server[]> {
  const fds = place.fd === undefined ? [undefined] : [place.fd, ...(place.moreFds ?? [])];
  return Promise.all(fds.map((fd) => listenOnce(place, fd)));
}

function listenOnce({ address, port }: Place, fd: number | undefined): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    // Without an address its client has gone already, and with it who it was.
    if (inbox.phase() !== PHASE.answering || socket.remoteAddress === undefined) socket.destroy();
    else accept(new Connection(socket, service));
  });
  const where = fd === undefined ? { host: address, port, ipv6Only: address.includes(':') } : { fd };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, exclusive: true, backlog: tcpBacklog }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // EMFILE at an accept: the connection waits, we go on
      resolve(server);
    });
  });
}

/** Closes what is overdue; when the process stops, lets go of what is idle and waits for the others. */
function look(servers: Iterable<readonly Server[]>, now: number): void {
  for (const connection of connections) {
    if (!connection.isOverdue(now)) continue;
    data.counters[connection.isIdle ? COUNTER.tcpIdle : COUNTER.tcpCut]! += 1;
    connection.destroy();
  }
  if (inbox.phase() === PHASE.stopping) stop(servers);
}

function stop(servers: Iterable<readonly Server[]>): void {
  clearInterval(watch);
  for (const all of servers) for (const server of all) server.close();
  for (const connection of connections) connection.stop();
  const deadline = performance.now() + tcpStopTimeoutMs;
  const ending = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) {
      if (now > deadline || connection.isOverdue(now)) connection.destroy();
    }
    if (connections.size > 0) return;
    clearInterval(ending);
    parentPort!.close();
  }, receiveTimeoutMs);
}

parentPort!.on('message', (message: Publication) => inbox.take(message));

let watch: NodeJS.Timeout;
try {
  const places = new Places(data, parentPort!, () => data.listen, listen);
  await places.open();
  inbox.waitWhileWaiting();
  // Looked at behind the poll phase: what has come by `now` has then been read, however late this thread is.
  watch = setInterval(() => {
    const now = performance.now();
    setImmediate(() => look(places.opened, now));
  }, receiveTimeoutMs);
} catch (error) {
  reportFault(parentPort!, error);
}
