// What a probe is: one attempt to find out whether one address serves. A kind of probe is one file here and
// one line in index.ts; its options are plain data, from which config.ts derives what the operator may write.
// Types only.
//
// A result is `inconclusive` where the fault may be our own: it must never take a server out of the answers.

/** What became of what the operator wrote; `wrong` ends a sentence that begins with the option's name. */
export type Parsed = { readonly value: unknown } | { readonly wrong: string };

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
       * `choices`. duration: milliseconds. file: an absolute path.
       */
      readonly kind: 'text' | 'host' | 'path' | 'port' | 'codes' | 'flag' | 'choice' | 'duration' | 'file';
      readonly choices?: readonly string[];
    }
  /** An option that this kind of probe alone has; `parse` gets strings, arrays and plain objects. */
  | { readonly kind: 'own'; parse(written: unknown): Parsed }
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

export type Probe = {
  readonly options: Readonly<Record<string, Option>>;
  /** Port where the operator names none, 0 where none is needed; undefined: naming one is required. */
  readonly defaultPort: number | undefined;
  /** False where no address is talked to: then a check has neither address nor port. */
  readonly hasAddress?: false;
  /** Says in words why these options make no sense together, undefined where they do. */
  conflict?(options: Options): string | undefined;
  /** Tries once; settles at about deadlineMs at the latest. Rejects only for mistakes of our own. */
  run(address: string, port: number, options: Options, deadlineMs: number): Promise<ProbeResult>;
};
