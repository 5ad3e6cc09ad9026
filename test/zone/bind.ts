// What named-compilezone of BIND makes of a zone file, for the tests that compare our canonical zone with it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { find } from '../tools.ts';

/**
 * What BIND prints for a zone file, by way of a file in `folder`; its complaints are in the error thrown.
 * Left out are its remarks on when to sign again, which are comments.
 */
export function byBind(file: string, origin: string, folder: string): string {
  const out = join(folder, 'bind');
  const options = ['-k', 'ignore', '-i', 'local', '-s', 'full', '-o', out, origin, basename(file)];
  execFileSync(find('named-compilezone')!, options, { cwd: dirname(file), stdio: 'pipe' });
  return readFileSync(out, 'latin1').replace(/^; resign=\d+\n/gm, '');
}

/** The text with NSEC3 records last: BIND keeps hashed names in a tree of their own (RFC 5155 §1.3). */
export function hashesLast(text: string): string {
  const isHash = (line: string) => / IN NSEC3\t/.test(line);
  const lines = text.split('\n');
  return [...lines.filter((line) => !isHash(line)), ...lines.filter(isHash)].join('\n');
}
