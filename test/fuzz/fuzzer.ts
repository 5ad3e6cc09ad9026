// The search: mutants of a corpus in batches; after each batch the coverage is read, and where a block ran
// that never ran before, the batch is halved until the input is found that did it, which joins the corpus.
// Octets are no error, and neither is time or memory to be theirs: whatever throws, is slow each time or
// leaves something behind ends the search, with the smallest input that does it.
import { randomFrom } from '../balance/random.ts';
import { Coverage } from './coverage.ts';
import { Mutator } from './mutate.ts';
import { hexOf, type Target } from './target.ts';

/** Inputs between two readings of the coverage: few while there is much to find, else many. */
const batchMin = 32;
const batchMax = 4096;
/** Every so many inputs one is checked thoroughly, whatever its coverage. */
const thoroughEvery = 64;
/** An input that took too long is run alone so often, and its least time counts. */
const slowTries = 20;
const minimizeMs = 5000;
/** Inputs this long are chosen once where others are so many times. */
const longFrom = 4096;
const longEvery = 16;
/**
 * The part of all inputs whose memory is measured and the most of them, how often, and what may be left: V8's
 * own tables move by less.
 */
const memoryPart = 0.1;
const memoryInputsMax = 10_000;
const memoryRounds = 4;
const memoryLeftMax = 128 * 1024;

export type Options = {
  readonly seed: number;
  readonly runs: number;
  /** False: mutants of the seeds alone, to show what guidance is worth. */
  readonly isGuided?: boolean;
  /** Inputs kept from earlier searches. */
  readonly corpus?: readonly Uint8Array[];
};

export type Failure = {
  readonly what: string;
  readonly input: Uint8Array;
};

export type Report = {
  readonly runs: number;
  readonly seconds: number;
  /** What was given, and the inputs that reached something new. */
  readonly corpus: readonly Uint8Array[];
  readonly covered: { readonly run: number; readonly code: number };
  /** The slowest input, in times of what it may take. */
  readonly slowest: number;
  readonly failure: Failure | undefined;
};

export class Fuzzer {
  /** The pieces of source that never ran; asked for before run() it is filled by run(). */
  missed: string[] | undefined;
  readonly #target: Target;
  readonly #options: Options;
  readonly #random: ReturnType<typeof randomFrom>;
  readonly #mutator: Mutator;
  readonly #coverage: Coverage;
  readonly #corpus: Uint8Array[] = [];
  #runs = 0;
  #slowest = 0;

  constructor(target: Target, options: Options) {
    this.#target = target;
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#mutator = new Mutator(this.#random, target.words, target.sizeMax);
    this.#coverage = new Coverage(target.guide);
  }

  /** Searches until the runs are done or something fails. */
  run(): Report {
    const startedAt = performance.now();
    const failure = this.#attempt();
    const covered = this.#coverage.share;
    if (this.missed !== undefined) this.missed = this.#coverage.missed();
    this.#coverage.stop();
    return {
      runs: this.#runs,
      seconds: (performance.now() - startedAt) / 1000,
      corpus: this.#corpus,
      covered,
      slowest: this.#slowest,
      failure: failure === undefined ? undefined : this.#minimized(failure),
    };
  }

  #attempt(): Failure | undefined {
    const { seeds } = this.#target;
    const given = [...(this.#options.corpus ?? []), ...seeds];
    for (const input of given) {
      const failure = this.#try(input, true);
      if (failure !== undefined) return failure;
      this.#coverage.take();
      this.#corpus.push(input);
    }
    for (const input of this.#target.large ?? []) {
      const failure = this.#try(input, true);
      if (failure !== undefined) return failure;
    }
    this.#coverage.take();
    let size = batchMin;
    for (let left = this.#options.runs; left > 0; ) {
      const batch = Array.from({ length: Math.min(size, left) }, () =>
        this.#mutator.mutated(this.#choose(), this.#choose()),
      );
      for (const [i, input] of batch.entries()) {
        const failure = this.#try(input, i % thoroughEvery === 0);
        if (failure !== undefined) return failure;
      }
      const kept = this.#corpus.length;
      if (this.#coverage.peek() > 0) {
        const failure = this.#locate(batch);
        if (failure !== undefined) return failure;
        this.#coverage.settle();
      }
      left -= batch.length;
      size = this.#corpus.length > kept ? Math.max(batchMin, size / 2) : Math.min(batchMax, size * 2);
    }
    return this.#leaks();
  }

  /** Halves a batch until the inputs are found that reach what nothing reached before. */
  #locate(batch: readonly Uint8Array[]): Failure | undefined {
    const middle = batch.length >> 1;
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      for (const input of half) {
        const failure = this.#try(input, half.length === 1);
        if (failure !== undefined) return failure;
      }
      if (half.length === 1) {
        if (this.#coverage.take() > 0 && this.#options.isGuided !== false) this.#corpus.push(half[0]!);
      } else if (this.#coverage.peek() > 0) {
        const failure = this.#locate(half);
        if (failure !== undefined) return failure;
      }
    }
    return undefined;
  }

  /** Of the corpus, the young ones more often, and long ones, which are slow, seldom. */
  #choose(): Uint8Array {
    const { length } = this.#corpus;
    for (;;) {
      const input = this.#corpus[Math.max(this.#random.below(length), this.#random.below(length))]!;
      if (input.length <= longFrom || this.#random.below(longEvery) === 0) return input;
    }
  }

  /** Tries one input; what is wrong with it. */
  #try(input: Uint8Array, isThorough: boolean): Failure | undefined {
    this.#runs++;
    try {
      const tookMs = this.#target.run(input, isThorough);
      if (tookMs <= this.#target.timeMaxMs() || !this.#isSlow(input)) return undefined;
      return { what: `slow: ${this.#shareOfTime(input).toFixed(1)} times what it may take`, input };
    } catch (error) {
      return { what: String((error as Error).stack ?? error), input };
    }
  }

  #isSlow(input: Uint8Array): boolean {
    const share = this.#shareOfTime(input);
    this.#slowest = Math.max(this.#slowest, share);
    return share > 1;
  }

  /** The least time of many, in times of what it may take: what comes from outside is not the input's. */
  #shareOfTime(input: Uint8Array): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < slowTries; i++) {
      const tookMs = this.#target.run(input, false);
      least = Math.min(least, tookMs / this.#target.timeMaxMs());
    }
    return least;
  }

  /** The same inputs again and again: what is left in memory after each round must not grow. */
  #leaks(): Failure | undefined {
    if (globalThis.gc === undefined) throw new Error('run with --expose-gc: memory is measured');
    const count = Math.min(memoryInputsMax, Math.ceil(memoryPart * this.#options.runs));
    const inputs = Array.from({ length: count }, () => this.#mutator.mutated(this.#choose(), this.#choose()));
    let least = Number.POSITIVE_INFINITY;
    let before = 0;
    for (let round = 0; round <= memoryRounds; round++) {
      for (const input of inputs) {
        const failure = this.#try(input, false);
        if (failure !== undefined) return failure;
      }
      globalThis.gc();
      const { heapUsed, external } = process.memoryUsage();
      if (round > 1) least = Math.min(least, heapUsed + external - before);
      before = heapUsed + external;
    }
    if (least <= memoryLeftMax) return undefined;
    return { what: `memory: ${least} octets more after each ${inputs.length} inputs`, input: inputs[0]! };
  }

  /** The smallest input found in a few seconds that fails in the same way. */
  #minimized(failure: Failure): Failure {
    const kind = kindOf(failure.what);
    const until = performance.now() + minimizeMs;
    let best = failure;
    if (kind === 'memory') return best;
    for (let size = best.input.length >> 1; size > 0 && performance.now() < until; ) {
      let isSmaller = false;
      for (let at = 0; at + size <= best.input.length && performance.now() < until; ) {
        const rest = Uint8Array.from([...best.input.subarray(0, at), ...best.input.subarray(at + size)]);
        const found = this.#try(rest, true);
        if (found !== undefined && kindOf(found.what) === kind) {
          best = found;
          isSmaller = true;
        } else at += size;
      }
      if (!isSmaller || size > best.input.length) size >>= 1;
    }
    return best;
  }
}

/** The first line without numbers: two failures of one kind are one bug. */
const kindOf = (what: string): string => what.split(/[:\n]/, 2).join(':').replace(/\d+/g, '');

/** A failure as it is reported, with all that is needed to see it again. */
export function printFailure(target: string, seed: number, { what, input }: Failure): string {
  return `${target}, seed ${seed}, ${input.length} octets: ${what}\n${hexOf(input)}`;
}
