// The cases of faults.txt, as its head describes them: what the operator may write wrongly, and what we say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export type FaultCase = {
  readonly what: string;
  /** Files of the folder by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Faults as they are printed, in order. */
  readonly expected: readonly string[];
};

/** Reads all of them. */
export function readFaultCases(): FaultCase[] {
  const table = readFileSync(new URL('faults.txt', import.meta.url), 'utf8');
  return table.split(/^== /m).slice(1).map(readCase);
}

function readCase(text: string): FaultCase {
  const [what, ...lines] = text.trimEnd().split('\n');
  const files: Record<string, string> = lines.includes('no zone') ? {} : { 'site.example.zone': '' };
  const expected: string[] = [];
  let file = '';
  for (const line of lines) {
    const rest = line.slice(3);
    if (line.startsWith('-- ')) files[(file = rest)] = '';
    else if (line.startsWith('| ')) files[file] += `${line.slice(2)}\n`;
    else if (line.startsWith('=> ')) expected.push(rest);
    else assert.ok(line === '' || line === 'no zone', `what is "${line}"?`);
  }
  return { what: what!, files, expected };
}
