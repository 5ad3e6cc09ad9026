// What is asked of the server as a whole: which generation is in service, for health checks and for whoever
// must know that answers did not change between two moments; and its end. `GET /healthz`, `GET /generation`,
// `POST /stop`.
import type { Facts } from '../serve/channel.ts';
import { type Reply, refusal } from './admin.ts';

/** Whether answers were published. */
export function healthz(generation: number): Reply {
  return generation > 0
    ? { status: 200, body: { ok: true, generation } }
    : refusal(503, 'nothing is published yet');
}

/** The generation that was published last, and those that the threads answer from at this moment. */
export function generationOf(generation: number, facts: Facts | undefined): Reply {
  if (facts === undefined) return refusal(503, 'the server does not say what it answers from', 'try again');
  return { status: 200, body: { generation, workers: facts.workers.map((worker) => worker.generation) } };
}

/** Ends the server, where who asks is on this machine: `by` is the token of somebody who is not. */
export function stopBy(by: string | undefined, pid: number, stop: () => void): Reply {
  if (by !== undefined) {
    return refusal(403, 'a server is not ended from afar', 'steerdns stop, on its own machine');
  }
  setImmediate(stop); // the answer goes first
  return { status: 200, body: { pid } };
}
