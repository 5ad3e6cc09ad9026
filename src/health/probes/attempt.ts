// One try of a probe: one absolute deadline, one end, and the question whether a failure is our own fault. A
// probe says what it waits for and reports what it sees; whatever comes after the end is ignored. Used by
// every probe kind.
import { probeReasonMax } from '../../limits.ts';
import { lagMeter } from '../lag.ts';
import { isRouteError, lacksRoute, ownFault } from '../local.ts';
import { withoutSecrets } from './content.ts';
import type { OnStep, ProbeResult, Said } from './probe.ts';

type Outcome = ProbeResult['outcome'];

export class Attempt {
  /** Settles exactly once, at about the deadline at the latest. */
  readonly result: Promise<ProbeResult>;
  /** Noun of the reasons `no response within 2000 ms` and `connection reset, no response`. */
  waitsFor = 'connection';
  /** What the server says of itself, where it does. */
  said: Said | undefined;
  /** What needs somebody though the server may be up. */
  warning: string | undefined;
  /** Texts that must not stand in a reason, though a server may send them back. */
  secrets: readonly string[] = [];
  /** Tells whoever watches what has happened; undefined where nobody does, so call it as `watch?.()`. */
  readonly watch: ((step: string, text?: string) => void) | undefined;
  /** What happens at the deadline: the server is late, unless a probe knows that somebody else may be. */
  late: () => void = () => this.fail(`no ${this.waitsFor} within ${this.#deadlineMs} ms`);
  /** Cuts whatever is open; set by the probe as soon as there is something to cut. */
  cut: () => void = () => {};

  readonly #address: string;
  readonly #port: number;
  readonly #deadlineMs: number;
  readonly #startedAt = performance.now();
  readonly #lagBefore = lagMeter().total();
  readonly #timer: NodeJS.Timeout;
  #resolve: (result: ProbeResult) => void = () => {};
  #ended = false;

  constructor(address: string, port: number, deadlineMs: number, onStep?: OnStep) {
    this.#address = address;
    this.#port = port;
    this.#deadlineMs = deadlineMs;
    this.watch =
      onStep &&
      ((step, text = '') => {
        if (this.#ended) return;
        onStep({ atMs: this.#roundedMs(), step, text: lines(this.#hide(text)) });
      });
    this.result = new Promise((resolve) => (this.#resolve = resolve));
    this.#timer = setTimeout(() => this.#expire(), deadlineMs);
  }

  /** The server is up; `what` is completed to `200 in 12 ms`. */
  ok(what: string): void {
    if (!this.#end()) return;
    this.#settle('ok', `${what} in ${Math.max(1, Math.round(this.#elapsed()))} ms`);
  }

  /** The server does not do what it should. */
  fail(reason: string): void {
    if (this.#end()) this.#settle('fail', reason);
  }

  /** The try says nothing about the server. */
  inconclusive(reason: string): void {
    if (this.#end()) this.#settle('inconclusive', reason);
  }

  /** An error of the socket; `words` is what it means where it is no error known here. */
  broke(error: Error & { code?: string }, words: string = error.message): void {
    if (!this.#end()) return;
    const code = error.code ?? '';
    const fault = ownFault(code);
    if (fault !== undefined) this.#settle('inconclusive', fault);
    else if (isRouteError(code)) void this.#brokeOnTheWay(code);
    else this.#settle('fail', this.#socketWords(code) ?? words);
  }

  async #brokeOnTheWay(code: string): Promise<void> {
    const ours = await lacksRoute(this.#address, this.#port);
    if (ours) this.#settle('inconclusive', `this host has no route to the address (${code})`);
    else this.#settle('fail', `${code === 'EHOSTUNREACH' ? 'host' : 'network'} unreachable (${code})`);
  }

  #socketWords(code: string): string | undefined {
    if (code === 'ECONNREFUSED') return 'connection refused';
    if (code === 'ETIMEDOUT') return `no ${this.waitsFor}, the network gave up (ETIMEDOUT)`;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') return undefined;
    return `connection reset, no ${this.waitsFor}`;
  }

  /**
   * After a hold-up the answer may lie in the kernel unread, and timers run first: let the sockets speak
   * once.
   */
  #expire(): void {
    if (this.#isHeldUp()) this.late();
    else setImmediate(() => this.late());
  }

  /** True for the first caller only. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.cut();
    return true;
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  #roundedMs(): number {
    return Math.round(this.#elapsed() * 10) / 10;
  }

  #hide(text: string): string {
    return withoutSecrets(text, this.secrets);
  }

  #lag(): number {
    return lagMeter().total() - this.#lagBefore;
  }

  #isHeldUp(): boolean {
    return this.#lag() > this.#deadlineMs / 2;
  }

  /** Even a success says nothing after a long hold-up: it may be as old as the hold-up was long. */
  #settle(outcome: Outcome, reason: string): void {
    if (outcome !== 'inconclusive' && this.#isHeldUp()) {
      outcome = 'inconclusive';
      reason = `this process was stopped for ${Math.round(this.#lag())} ms`;
    }
    const prefix = outcome === 'inconclusive' ? 'inconclusive: ' : '';
    const latencyMs = this.#roundedMs();
    this.#resolve({
      outcome,
      reason: reasonOf(this.#hide(prefix + reason)),
      latencyMs,
      ...(this.said === undefined ? {} : { said: this.said }),
      ...(this.warning === undefined ? {} : { warning: reasonOf(this.#hide(this.warning)) }),
    });
  }
}

/**
 * What a server sends may end up in a reason: nothing that moves a terminal or hides, and not too much of it.
 */
export function reasonOf(text: string): string {
  const clean = plain(text);
  return clean.length <= probeReasonMax ? clean : `${clean.slice(0, probeReasonMax - 1)}…`;
}

function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

function lines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
