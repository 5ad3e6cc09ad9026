// A thread that asks a rate limiter as fast as it can about one key, so often as it is told, and reports
// what it got. Started several times on one table by ratelimit.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { LIMIT, limitResponse, RateLimiter } from '../../src/answer/ratelimit.ts';

/** Queries, those that passed, and the clock at the start and the end, in microseconds. */
export type HammerReport = {
  readonly asked: number;
  readonly passed: number;
  readonly start: number;
  readonly end: number;
};

const { table, gate, threads, rate, count } = workerData as {
  table: Int32Array;
  gate: Int32Array;
  threads: number;
  rate: number;
  count: number;
};
const clock = (): number => Number(process.hrtime.bigint() / 1000n);
const limiter = new RateLimiter(table);
limiter.configure({ responsesPerSecond: rate, slip: 2, exempt: [] });
const source = new Uint8Array([192, 0, 2, 1]);

// All begin together: the last one opens the gate.
if (Atomics.add(gate, 0, 1) === threads - 1) {
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
}
Atomics.wait(gate, 1, 0, 20_000);

const start = clock();
let asked = 0;
let passed = 0;
let now = start;
for (; asked < count; now = clock()) {
  asked++;
  if (limitResponse(limiter, source, 0, 4, now % 2 ** 32, 7) === LIMIT.pass) passed++;
}
parentPort!.postMessage({ asked, passed, start, end: now } satisfies HammerReport);
