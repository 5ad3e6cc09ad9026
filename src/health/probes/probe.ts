// What a probe is: one attempt to find out whether one address serves. A kind of probe is one file here and
// one line in index.ts; its options are plain data, from which config.ts derives what the operator may write.
// Types only.
//
// A result is `inconclusive` where the fault may be our own: it must never take a server out of the answers.

/** What became of what the operator wrote; `wrong` ends a sentence that begins with the option's name. */
export type Parsed = { readonly value: unknown } | { readonly wrong: string };

/** What a file or a variable must hold, where the operator names one in place of a value. */
export type ContentRule = {
  /** Whether others on this machine should not be able to read it. */
  readonly isSecret: boolean;
  /** Octets. */
  readonly sizeMax: number;
  /** Says what is wrong with a text, as the end of a sentence; never quotes it. */
  fault(text: string): string | undefined;
};

/** What became of a file or variable that the operator named; its text is never printed (content.ts). */
export type Content = { readonly from: string; readonly digest: string; readonly content: string };

/** One option of a probe; options.ts parses what the operator wrote for it. */
export type Option = {
  readonly default?: unknown;
  /** True where there is no probe without it. */
  readonly required?: true;
  /** One clause for the operator: the documentation of the option. */
  readonly what: string;
} & (
  | {
      /**
       * host: a name or address, perhaps with a port. codes: status codes and ranges. choice: one of
       * `choices`. file: an absolute path.
       */
      readonly kind: 'text' | 'host' | 'path' | 'port' | 'codes' | 'flag' | 'choice' | 'file';
      readonly choices?: readonly string[];
    }
  /** Milliseconds, from the first to the second of `range`. */
  | { readonly kind: 'duration'; readonly range: readonly [number, number] }
  /** The content of a file beside the settings, or of a variable. */
  | { readonly kind: 'content'; readonly content: ContentRule }
  /**
   * An option that this kind of probe alone has; `parse` gets strings, arrays and plain objects. With
   * `content` it may leave `{ file }` and `{ env }` in its value, which are read afterwards.
   */
  | { readonly kind: 'own'; parse(written: unknown): Parsed; readonly content?: ContentRule }
);

/** Option values as parseOption() gives them, by name; an absent one has its default. */
export type Options = Readonly<Record<string, unknown>>;

/** What a server says of itself, in a header, a body or a file. */
export type Said = {
  /** Part of its weight that it asks for, 0 to 1; 0: no new clients. */
  readonly part?: number;
};

export type ProbeResult = {
  readonly outcome: 'ok' | 'fail' | 'inconclusive';
  /** What happened, in words for the operator: printable characters only, at most probeReasonMax of them. */
  readonly reason: string;
  /** From start to verdict. */
  readonly latencyMs: number;
  readonly said?: Said;
  /** What needs somebody though the server is up, as one clause: `certificate expires in 9 days`. */
  readonly warning?: string;
};

/** One step of a probe, for whoever watches it. */
export type Step = {
  /** From the start of the probe. */
  readonly atMs: number;
  /** Which of several. */
  readonly probe?: string;
  /** One word or two: `connected`, `TLS`, `first octet`. */
  readonly step: string;
  /** Printable characters only, in lines that have no length in common. */
  readonly text: string;
};
export type OnStep = (step: Step) => void;

/** What is probed and how, without when. */
export type Target = {
  /** A name of the registry in index.ts, or severalKind. */
  readonly kind: string;
  /** 0 where the kind of probe needs none. */
  readonly port: number;
  /** Probed in place of the endpoint's own address. */
  readonly address?: string;
  readonly options: Options;
};

export type Probe = {
  readonly options: Readonly<Record<string, Option>>;
  /** Port where the operator names none, 0 where none is needed; undefined: naming one is required. */
  readonly defaultPort: number | undefined;
  /** False where no address is talked to: then a check has neither address nor port. */
  readonly hasAddress?: false;
  /** Results that turn a verdict over where the operator says nothing; undefined: checkDefaults. */
  readonly thresholds?: { readonly fall: number; readonly rise: number };
  /** Says in words why these options make no sense together, undefined where they do. */
  conflict?(options: Options): string | undefined;
  /**
   * Tries once; settles at about deadlineMs at the latest. Rejects only for mistakes of our own. `onStep`
   * is told what happens meanwhile; without it nothing is put into words.
   */
  run(
    address: string,
    port: number,
    options: Options,
    deadlineMs: number,
    onStep?: OnStep,
  ): Promise<ProbeResult>;
};
