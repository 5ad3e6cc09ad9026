// The stream worker: DNS over TCP (RFC 7766) in a thread of its own, so that a flood of connections starves
// neither UDP nor probes. Pipelined queries are answered in order; limits and deadlines are in limits.ts.
import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER } from '../answer/counters.ts';
import { Tables } from '../answer/tables.ts';
import { receiveTimeoutMs, tcpConnectionsMax } from '../limits.ts';
import { Connection, type Service } from './connection.ts';
import { Inbox, PHASE, type Publication, reportFault, type ThreadData, type ThreadReport } from './inbox.ts';

export type StreamData = ThreadData & { readonly listen: readonly { address: string; port: number }[] };

const data = workerData as StreamData;
const tables = new Tables(data.counters);
const inbox = new Inbox(parentPort!, data, tables);
/** Open connections, the one idle for longest first. */
const connections = new Set<Connection>();

const service: Service = {
  tables,
  beforeBatch: () => {
    if (inbox.isBehind()) inbox.drain();
  },
  touched: (connection) => {
    connections.delete(connection);
    connections.add(connection);
  },
  closed: (connection) => connections.delete(connection),
};

function listen({ address, port }: { address: string; port: number }): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (inbox.phase() !== PHASE.answering) {
      socket.destroy();
      return;
    }
    if (connections.size >= tcpConnectionsMax) {
      // The longest idle goes first: whoever just came is more likely to have a question.
      const [oldest] = connections;
      oldest?.destroy();
      data.counters[COUNTER.tcpRefused]! += 1;
    }
    connections.add(new Connection(socket, service));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, ipv6Only: address.includes(':'), exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // EMFILE at an accept: the connection waits, we go on
      resolve(server);
    });
  });
}

parentPort!.on('message', (message: Publication) => inbox.take(message));

try {
  const servers = await Promise.all(data.listen.map(listen));
  parentPort!.postMessage({ kind: 'listening' } satisfies ThreadReport);
  const watch = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) {
      if (!connection.isOverdue(now)) continue;
      data.counters[COUNTER.tcpCut]! += 1;
      connection.destroy();
    }
    if (inbox.phase() !== PHASE.stopping) return;
    clearInterval(watch);
    for (const server of servers) server.close();
    for (const connection of connections) connection.end();
    parentPort!.close();
  }, receiveTimeoutMs);
} catch (error) {
  reportFault(parentPort!, error);
}
