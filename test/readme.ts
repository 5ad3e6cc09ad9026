// Reads the command blocks of README.md, so that readme.test.ts can run what a reader would type. Every block fenced
// with ```sh is run, in order, unless a comment in the line before says otherwise:
//
//   (none)                       run in a fresh clone, nothing else runs
//   <!-- test: lab -->           run while `npm start` runs
//   <!-- test: daemon -->        run while `steerdns serve` runs on the clone's zones/
//   <!-- test: skip, REASON -->  not run: another machine's configuration, an installation, a thing that never ends
//
// Other fences (```yaml, ```zone, ```text) are not commands and are left alone.

export type Block = {
  /** Line of the fence in the file, from 1. */
  readonly line: number;
  readonly commands: string;
  readonly surroundings: 'none' | 'lab' | 'daemon' | 'skip';
  /** Why it is skipped, else ''. */
  readonly reason: string;
};

/** The command blocks of a Markdown text; throws with the line of what it does not understand. */
export function readBlocks(text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let fence: { readonly at: number; readonly language: string } | undefined;
  for (const [at, line] of lines.entries()) {
    const [, language] = /^```(\w*)\s*$/.exec(line) ?? [];
    if (language === undefined) continue;
    if (fence === undefined) fence = { at, language };
    else {
      if (language !== '') throw new Error(`line ${at + 1}: a fence inside the one of line ${fence.at + 1}`);
      if (fence.language === 'sh') blocks.push(blockOf(lines, fence.at, at));
      fence = undefined;
    }
  }
  if (fence !== undefined) throw new Error(`line ${fence.at + 1}: a fence without an end`);
  return blocks;
}

function blockOf(lines: readonly string[], from: number, to: number): Block {
  const commands = lines.slice(from + 1, to).join('\n');
  const above = lines[from - 1] ?? '';
  const [, word, reason = ''] = /^<!-- test: (\w+)(?:, (.+))? -->$/.exec(above) ?? [];
  if (word === undefined) {
    if (above.includes('<!--'))
      throw new Error(`line ${from}: not a comment that the test understands: ${above}`);
    return { line: from + 1, commands, surroundings: 'none', reason };
  }
  if (word !== 'lab' && word !== 'daemon' && word !== 'skip')
    throw new Error(`line ${from}: "${word}" is none of lab, daemon, skip`);
  if ((word === 'skip') !== (reason !== ''))
    throw new Error(`line ${from}: skip, and only skip, wants a reason`);
  return { line: from + 1, commands, surroundings: word, reason };
}
