// Keeps what a restart needs in the state directory: the tables in service with the sources they were made
// from, the verdicts, and the operator's hands. Best effort and never waited for: a full or frozen disk is
// alarmed in log and status, health goes on. One write at a time; of what is asked for meanwhile only the
// last counts. Hands alone are written at once, and whoever laid them is told what came of it.
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eachOf } from '../eachof.ts';
import type { Kept, Saved } from '../health/state.ts';
import { handKeepMaxMs, keptAtOnceMax, keptRefreshMs, keptRetryMs, keptWriteMinMs } from '../limits.ts';
import { type ToKeep, writeDurably, writeKept } from '../serve/kept.ts';
import { type HandRow, parseRows, printRows } from './hands.ts';
import type { Source } from './sources.ts';

/** Members that a fault names; who wants to know all reads the file. */
const handsNamedMax = 8;

/** What is in service at this moment. */
export type Service = Pick<ToKeep, 'zones' | 'sets'>;

export type KeeperOptions = {
  readonly stateDir: string;
  readonly wall: () => number;
  /** What is in service; undefined before the first publication. */
  readonly service: () => Service | undefined;
  /** The verdicts of this moment, as JSON will have them. */
  readonly verdicts: () => Saved;
  readonly hands: () => readonly HandRow[];
  /** Called when keeping begins to fail and when it works again (undefined). */
  readonly onFault: (fault: string | undefined) => void;
};

export class Keeper {
  readonly #options: KeeperOptions;
  /** Sources that were accepted and are not yet on the disk. */
  #sources: readonly Source[] | undefined;
  /** Folder below accepted/ that holds the accepted sources, with the digest of each file in it. */
  #accepted: { readonly name: string; readonly digests: ReadonlyMap<string, string> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #requested = false;
  #stopped = false;
  #writing: Promise<void> = Promise.resolve();
  #handsWriting: Promise<unknown> = Promise.resolve();
  /** Rows that are on the disk; undefined: nobody knows what is there. */
  #handsKept: readonly HandRow[] | undefined;
  /** The last write: wall clock, for what is written, and monotonic, for when to write again. */
  #lastWrite = 0;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #fault: { readonly what: string; readonly since: number } | undefined;

  /** `accepted` is the folder that the manifest names at the start. */
  constructor(options: KeeperOptions, accepted: string | undefined) {
    this.#options = options;
    this.#accepted = accepted === undefined ? undefined : { name: accepted, digests: new Map() };
  }

  /** Why the last write failed, and since when (milliseconds since 1970) writes fail. */
  get fault(): { readonly what: string; readonly since: number } | undefined {
    return this.#fault;
  }

  /** Notes the sources that are now in service; they are written with the tables made from them. */
  accept(sources: readonly Source[]): void {
    this.#sources = sources;
    this.request();
  }

  /** Asks for a write soon: something that is kept has changed. */
  request(): void {
    this.#requested = true;
    this.#schedule(Math.max(0, this.#lastWriteAt + keptWriteMinMs - performance.now()));
  }

  /** Writes the hands down now; gives the reason where they are not on the disk in time. */
  keepHands(): Promise<string | undefined> {
    const written = this.#handsTurn().then(
      () => undefined,
      (error: Error) => {
        this.request(); // tried again, and alarmed, like all that is kept
        return error.message;
      },
    );
    const late = `the disk does not answer within ${handKeepMaxMs / 1000} s`;
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(late), handKeepMaxMs);
    });
    return Promise.race([written, enough]).finally(() => clearTimeout(timer));
  }

  /** Writes the last state and ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([this.#writing, this.#handsWriting]);
    await this.#write();
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#writing = this.#writing.then(() => this.#write());
    }, afterMs);
  }

  async #write(): Promise<void> {
    this.#requested = false;
    this.#lastWrite = this.#options.wall();
    this.#lastWriteAt = performance.now();
    try {
      await this.#writeAll();
      if (this.#fault !== undefined) this.#options.onFault(undefined);
      this.#fault = undefined;
    } catch (error) {
      const what = (error as Error).message;
      if (this.#fault === undefined) this.#options.onFault(what);
      this.#fault = { what, since: this.#fault?.since ?? this.#lastWrite };
    }
    // What is kept must stay young while it is true.
    if (!this.#requested) this.#schedule(this.#fault === undefined ? keptRefreshMs : keptRetryMs);
  }

  async #writeAll(): Promise<void> {
    const { stateDir, verdicts, service } = this.#options;
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeDurably(
      join(stateDir, 'verdicts.json'),
      JSON.stringify({ savedAt: this.#lastWrite, verdicts: verdicts() }),
    );
    await this.#handsTurn();
    const serving = service();
    if (serving === undefined) return;
    const sources = this.#sources;
    if (sources !== undefined) this.#accepted = await this.#writeSources(sources);
    if (this.#sources === sources) this.#sources = undefined;
    await writeKept(stateDir, { savedAt: this.#lastWrite, accepted: this.#accepted?.name, ...serving });
  }

  #handsTurn(): Promise<void> {
    const turn = this.#handsWriting.then(() => this.#writeHands());
    this.#handsWriting = turn.catch(() => {}); // whoever asked gets the error
    return turn;
  }

  async #writeHands(): Promise<void> {
    const { stateDir, hands } = this.#options;
    const rows = hands();
    if (rows === this.#handsKept) return;
    this.#handsKept = undefined;
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeDurably(join(stateDir, 'hands.json'), printRows(rows));
    this.#handsKept = rows;
  }

  /**
   * Copies sources into a folder of their own; files that stayed the same become links to the copy before.
   */
  async #writeSources(sources: readonly Source[]): Promise<{ name: string; digests: Map<string, string> }> {
    const name = String(this.#lastWrite);
    const folder = join(this.#options.stateDir, 'accepted');
    const digests = new Map<string, string>();
    await eachOf(sources, keptAtOnceMax, async ({ path, digest, content }) => {
      const to = join(folder, name, path);
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      const same = this.#accepted?.digests.get(path) === digest;
      const linked =
        same &&
        (await link(join(folder, this.#accepted!.name, path), to).then(
          () => true,
          () => false,
        ));
      if (!linked) await writeDurably(to, content);
      digests.set(path, digest);
    });
    return { name, digests };
  }
}

/** Reads the verdicts that were kept, where they are there, sound and no older than `ageMaxMs`. */
export function readVerdicts(stateDir: string, now: number, ageMaxMs: number): Saved | undefined {
  try {
    const text = readFileSync(join(stateDir, 'verdicts.json'), 'utf8');
    const kept = JSON.parse(text) as { savedAt: number; verdicts: Saved };
    const age = now - kept.savedAt;
    const isSound = age >= 0 && age <= ageMaxMs && kept.verdicts.verdicts.every(isVerdict);
    return isSound ? kept.verdicts : undefined;
  } catch {
    return undefined; // none were kept, or the file is damaged: every endpoint starts anew
  }
}

/** Hands that were kept, and what is wrong with the rest. */
export type KeptHands = { readonly rows: readonly HandRow[]; readonly faults: readonly string[] };

/**
 * Reads the hands that were kept. What cannot be read is said, and the file has a second name from then on,
 * since the next write takes the place of the first.
 */
export function readHands(stateDir: string): KeptHands {
  const path = join(stateDir, 'hands.json');
  const lose = (what: string, rows: readonly HandRow[] = []): KeptHands => {
    const isAside = setAside(path, `${path}.damaged`);
    return { rows, faults: [`${what}${isAside ? '; the file is kept as hands.json.damaged' : ''}`] };
  };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { rows: [], faults: [] };
    return lose(`hands cannot be read, none is in force: ${message}`);
  }
  const parsed = parseRows(text);
  if (parsed === undefined) return lose('hands.json is damaged: no hand is in force');
  const { rows, lost } = parsed;
  if (lost.length === 0) return { rows, faults: [] };
  const more = lost.length > handsNamedMax ? ` and ${lost.length - handsNamedMax} more` : '';
  const names = lost.slice(0, handsNamedMax).join(', ');
  return lose(`hands.json is damaged: hands are not in force on ${names}${more}`, rows);
}

/** Best effort. A link, where that is possible: until the next write the file is read by each new process. */
function setAside(path: string, aside: string): boolean {
  try {
    rmSync(aside, { force: true });
    linkSync(path, aside);
    return true;
  } catch {
    try {
      renameSync(path, aside);
      return true;
    } catch {
      return false;
    }
  }
}

function isVerdict({ key, verdict, since, at, turns, returnedAt, failedAt, said }: Kept): boolean {
  const isKnown = verdict === 'up' || verdict === 'degraded' || verdict === 'down';
  const areNumbers = [turns, returnedAt, failedAt, said].every(
    (number) => number === undefined || Number.isFinite(number),
  );
  return typeof key === 'string' && isKnown && Number.isFinite(since) && Number.isFinite(at) && areNumbers;
}

/** Above every edition of an earlier process, even of one that died before it could keep its last ones. */
export function firstEdition(kept: readonly number[]): number {
  const last = Math.max(0, ...kept.filter((edition) => Number.isInteger(edition)));
  return Math.max(Math.floor(Date.now() / 1000), last + 1024);
}
