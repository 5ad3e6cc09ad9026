// The servers of a simulation, and the link to them: what each probe of theirs comes to, after which time, as
// the script and the seed have it. Reasons are in the words of the real probes.
import type { Endpoint } from '../../health/check.ts';
import type { Clock } from '../../health/clock.ts';
import { isRemote } from '../../health/probes/index.ts';
import type { ProbeResult } from '../../health/probes/probe.ts';
import { slotOf } from '../../wire/hash.ts';
import type { Behaviour } from './script.ts';

/** A server that is well answers within this time, and at least after so long. */
const latencyMaxMs = 8;
const latencyMinMs = 2;
const refusedMs = 1;

type Doing = { readonly behaviour: Behaviour; readonly since: number };

const well: Behaviour = { kind: 'ok', latencyMs: undefined, part: undefined };

export class Servers {
  readonly #clock: Clock;
  readonly #seed: number;
  #draws = 0;
  #isCut = false;
  /** By endpoint; what is not here is well. */
  readonly #doing = new Map<string, Doing>();

  constructor(clock: Clock, seed: number) {
    this.#clock = clock;
    this.#seed = seed;
  }

  /** From 0 to 1; the same row of numbers for the same seed. */
  random(): number {
    return slotOf((this.#seed + Math.imul(++this.#draws, 0x9e3779b1)) | 0) / 2 ** 32;
  }

  /** From now on the endpoint does this. */
  turn(key: string, behaviour: Behaviour): void {
    this.#doing.set(key, { behaviour, since: this.#clock.now() });
  }

  /** From now on nobody is reached over the network, or all are again. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
  }

  /** Probes the endpoint in virtual time. */
  probe(endpoint: Endpoint): Promise<ProbeResult> {
    const { key, check } = endpoint;
    const isLost = this.#isCut && isRemote(endpoint);
    const result = isLost ? silent(check.timeoutMs) : this.#result(this.#doing.get(key), check.timeoutMs);
    return new Promise((resolve) => this.#clock.after(result.latencyMs, () => resolve(result)));
  }

  #result(doing: Doing | undefined, timeoutMs: number): ProbeResult {
    const { behaviour, since } = doing ?? { behaviour: well, since: 0 };
    switch (behaviour.kind) {
      case 'refuses':
        return refused;
      case 'fails':
        return { outcome: 'fail', reason: '503, expected 200-299', latencyMs: this.#latency() };
      case 'silent':
        return silent(timeoutMs);
      case 'flaky':
        return this.random() < behaviour.part ? refused : this.#answer(undefined, timeoutMs, undefined);
      case 'flaps': {
        const isWell = Math.floor((this.#clock.now() - since) / behaviour.periodMs) % 2 === 1;
        return isWell ? this.#answer(undefined, timeoutMs, undefined) : refused;
      }
      case 'ok':
        return this.#answer(behaviour.latencyMs, timeoutMs, behaviour.part);
    }
  }

  #answer(latencyMs = this.#latency(), timeoutMs: number, part: number | undefined): ProbeResult {
    if (latencyMs >= timeoutMs) return silent(timeoutMs);
    return { outcome: 'ok', reason: '200', latencyMs, ...(part === undefined ? {} : { said: { part } }) };
  }

  #latency(): number {
    return latencyMinMs + this.random() * (latencyMaxMs - latencyMinMs);
  }
}

const refused: ProbeResult = { outcome: 'fail', reason: 'connection refused', latencyMs: refusedMs };

function silent(timeoutMs: number): ProbeResult {
  return { outcome: 'fail', reason: `no response within ${timeoutMs} ms`, latencyMs: timeoutMs };
}
