// Which source has run, from V8 itself: block coverage by way of node:inspector, read after whole batches
// because one reading costs as much as a thousand queries. Blocks are kept as octets of source ever run,
// since V8 draws their borders anew with every reading.
import { Session } from 'node:inspector';

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type Script = {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
};

const seen = { code: 1, run: 2, peeked: 4 } as const;

/** Coverage of the scripts whose URL `guide` matches. One at a time in a process. */
export class Coverage {
  readonly #session = new Session();
  readonly #guide: RegExp;
  /** Per script: for each octet of its functions what is known of it. */
  readonly #scripts = new Map<string, { readonly id: string; known: Uint8Array }>();

  constructor(guide: RegExp) {
    this.#guide = guide;
    this.#session.connect();
    this.#ask('Profiler.enable');
    this.#ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Ends the measuring; what was compiled for it stays a little slower. */
  stop(): void {
    this.#ask('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Octets of source that ran since the last call and never before; they count as known from now on. */
  take(): number {
    return this.#read(true);
  }

  /** The same, but they stay unknown. */
  peek(): number {
    return this.#read(false);
  }

  /** What was peeked at counts as known, too: it does not come again with the same input. */
  settle(): void {
    for (const { known } of this.#scripts.values()) {
      for (let i = 0; i < known.length; i++)
        if ((known[i]! & seen.peeked) !== 0) known[i] = seen.code | seen.run;
    }
  }

  #read(isKept: boolean): number {
    let fresh = 0;
    const { result } = this.#ask('Profiler.takePreciseCoverage') as { result: readonly Script[] };
    for (const { scriptId, url, functions } of result) {
      if (!this.#guide.test(url)) continue;
      for (const { ranges } of functions) {
        if (ranges[0]!.startOffset > 0) fresh += this.#mark(scriptId, url, ranges, isKept);
      }
    }
    return fresh;
  }

  /** Octets of the source of all functions met so far, and of those the ones that ran. */
  get share(): { readonly run: number; readonly code: number } {
    let [run, code] = [0, 0];
    for (const { known } of this.#scripts.values()) {
      for (const flags of known) {
        if ((flags & seen.code) !== 0) code++;
        if ((flags & seen.run) !== 0) run++;
      }
    }
    return { run, code };
  }

  /** The pieces of source that never ran, for whoever looks for better seeds. */
  missed(): string[] {
    this.#ask('Debugger.enable');
    const pieces = [...this.#scripts].flatMap(([url, { id, known }]) => {
      const { scriptSource } = this.#ask('Debugger.getScriptSource', { scriptId: id }) as {
        scriptSource: string;
      };
      return runsOf(known).map(
        ([from, to]) => `${url.replace(/^.*\/(src|test)\//, '$1/')}:${from} ${scriptSource.slice(from, to)}`,
      );
    });
    this.#ask('Debugger.disable');
    return pieces;
  }

  /** Inner ranges stand behind outer ones and hold for their part. */
  #mark(id: string, url: string, ranges: readonly Range[], isKept: boolean): number {
    let fresh = 0;
    let script = this.#scripts.get(url);
    if (script === undefined) this.#scripts.set(url, (script = { id, known: new Uint8Array(4096) }));
    const { startOffset, endOffset } = ranges[0]!;
    if (endOffset > script.known.length) {
      const wider = new Uint8Array(endOffset * 2);
      wider.set(script.known);
      script.known = wider;
    }
    const { known } = script;
    if (ranges[0]!.count === 0 && known[startOffset] !== 0) return 0;
    const now = new Uint8Array(endOffset - startOffset);
    for (const range of ranges)
      now.fill(range.count > 0 ? 1 : 0, range.startOffset - startOffset, range.endOffset - startOffset);
    for (let i = startOffset; i < endOffset; i++) {
      known[i]! |= seen.code;
      if (now[i - startOffset] === 0 || (known[i]! & seen.run) !== 0) continue;
      known[i]! |= isKept ? seen.run : seen.peeked;
      fresh++;
    }
    return fresh;
  }

  #ask(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}

function runsOf(known: Uint8Array): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < known.length; i++) {
    if ((known[i]! & seen.code) === 0 || (known[i]! & seen.run) !== 0) continue;
    const last = runs.at(-1);
    if (last?.[1] === i) last[1]++;
    else runs.push([i, i + 1]);
  }
  return runs;
}
