// hot: a UDP worker of the batch engine: a thread that blocks in the kernel, answers what came, and never
// returns to its event loop. The sockets are the server's: when this thread dies, they and what is queued in
// them stay.
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER } from '../answer/counters.ts';
import { respond } from '../answer/respond.ts';
import { Tables } from '../answer/tables.ts';
import { tally } from '../answer/tally.ts';
import { batchMax, receiveTimeoutMs, udpQuerySizeMax } from '../limits.ts';
import { Response } from '../wire/message.ts';
import { Query, TRANSPORT } from '../wire/query.ts';
import { Inbox, PHASE, SHARED, type ThreadData } from './inbox.ts';
import { Batch, Readiness } from './mmsg.ts';
import { localAddress, type UdpSocket } from './socket.ts';

export type WorkerData = ThreadData & { readonly sockets: readonly UdpSocket[] };

const data = workerData as WorkerData;
const sockets = data.sockets;
const tables = new Tables(data.counters, data.rateTable);
const inbox = new Inbox(parentPort!, data, tables);
const batch = new Batch();
const locals = sockets.map(localAddress);
const readiness = sockets.length > 1 ? new Readiness(sockets) : null;
const query = new Query();
const response = new Response();

query.transport = TRANSPORT.udp;
query.octets = batch.rx;
query.source = batch.names;
response.writeInto(batch.tx);
response.sizeMax = udpQuerySizeMax;

/** Answers one batch from one socket; returns how many datagrams it held. */
function serveBatch(socket: number, wait: boolean): number {
  const fd = sockets[socket]!.fd;
  const local = locals[socket]!;
  const received = batch.receive(fd, wait);
  if (inbox.isBehind()) inbox.drain();
  if (received > 0) batch.stampTime(query);
  for (let i = 0; i < received; i++) {
    query.at = i * batch.slotSize;
    query.length = batch.lengthOf(i);
    query.sourcePort = batch.portOf(i);
    query.sourceAt = batch.addressAt(i);
    query.sourceSize = batch.addressSize(i);
    query.isOurs = batch.isFromUs(i, local);
    response.at = batch.staged * batch.slotSize;
    const length = respond(tables, query, response);
    tally(data.counters, query, response, length);
    if (length > 0) batch.stage(i, length);
    batch.release(i);
  }
  if (batch.staged > 0) data.counters[COUNTER.sendFailed]! += batch.send(fd);
  return received;
}

/** Serves until the process stops. */
function serve(): void {
  while (inbox.phase() === PHASE.waiting) {
    if (inbox.isBehind()) inbox.drain();
    Atomics.wait(data.shared, SHARED.phase, PHASE.waiting, receiveTimeoutMs);
  }
  while (inbox.phase() === PHASE.answering) {
    if (readiness === null) serveBatch(0, true);
    else {
      const any = readiness.wait();
      if (inbox.isBehind()) inbox.drain();
      for (let i = 0; any && i < sockets.length; i++) {
        if (readiness.isReady(i)) serveBatch(i, false);
      }
    }
  }
  // What is queued is answered before the end, bounded: a flood does not keep us here.
  for (let left = batchMax; left > 0; left--) {
    let received = 0;
    for (let i = 0; i < sockets.length; i++) received += serveBatch(i, false);
    if (received === 0) break;
  }
}

serve();
process.exit(0);
