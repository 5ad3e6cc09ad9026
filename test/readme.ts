// Reads what README.md has a reader type, so that readme.test.ts can do it. Every block fenced with ```sh is
// run, in order, unless a comment right above its fence says otherwise; other blocks are text.
//
//   ```sh alone             run to its end in a clean clone; exit code 0 is expected
//   <!-- background -->     ```sh: left running to the end
//   <!-- daemon -->         ```sh: left running; the next block waits until it answers
//   <!-- lab -->            ```sh: the same, for the lab: what stands before its last && is run to its end,
//                           then answers have 10 seconds to come; ended before the next block
//   <!-- skip: REASON -->   ```sh: not run
//   <!-- file: PATH -->     any language: written to PATH below the clone

export const kinds = ['run', 'background', 'daemon', 'lab', 'skip', 'file'] as const;

export type Block = {
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly text: string;
  readonly kind: (typeof kinds)[number];
  /** The path of a file, the reason of a skip, else ''. */
  readonly argument: string;
};

/** The blocks of a Markdown text that mean something; throws with the line of what it does not understand. */
export function readBlocks(markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let fence: { readonly at: number; readonly language: string } | undefined;
  for (const [at, line] of lines.entries()) {
    const [, language] = /^```(\w*)\s*$/.exec(line) ?? [];
    if (language === undefined) continue;
    if (fence === undefined) fence = { at, language };
    else {
      if (language !== '') throw new Error(`line ${at + 1}: a fence inside that of line ${fence.at + 1}`);
      const block = blockOf(lines, fence.at, at, fence.language);
      if (block !== undefined) blocks.push(block);
      fence = undefined;
    }
  }
  if (fence !== undefined) throw new Error(`line ${fence.at + 1}: a fence without an end`);
  return blocks;
}

function blockOf(lines: readonly string[], from: number, to: number, language: string): Block | undefined {
  const comment = lines[from - 1] ?? '';
  const text = lines.slice(from + 1, to).join('\n');
  const line = from + 1;
  if (!comment.startsWith('<!--')) {
    return language === 'sh' ? { line, text, kind: 'run', argument: '' } : undefined;
  }
  const [, word, argument = ''] = /^<!-- (\w+)(?:: (.+))? -->$/.exec(comment) ?? [];
  const kind = kinds.find((one) => one === word);
  if (kind === undefined || kind === 'run') throw new Error(`line ${from}: what is ${comment}?`);
  const wantsArgument = kind === 'skip' || kind === 'file';
  if (wantsArgument !== (argument !== '') || (kind !== 'file' && language !== 'sh'))
    throw new Error(`line ${from}: ${comment} does not fit`);
  return { line, text, kind, argument };
}
