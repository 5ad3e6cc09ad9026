// The file probe: believes what another program has written into a file of this host, as long as it is fresh.
// The first line is a statement (statement.ts): `up`, `75%`, `drain`, `down for repair`. A file that is
// missing, old or says something else is inconclusive: then that program is at fault, not the server.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { stateAgeDefaultMs, stateAgeMaxMs, stateAgeMinMs, stateFileReadMax } from '../../limits.ts';
import { ownFault } from '../local.ts';
import { Attempt } from './attempt.ts';
import type { Option, Probe } from './probe.ts';
import { obey, parseStatement } from './statement.ts';

const options = {
  file: {
    kind: 'file',
    required: true,
    what: 'an absolute path; {address} in it stands for the address of the member',
  },
  'max-age': {
    kind: 'duration',
    default: stateAgeDefaultMs,
    range: [stateAgeMinMs, stateAgeMaxMs],
    what: 'how old the file may be',
  },
} as const satisfies Record<string, Option>;

const run: Probe['run'] = (address, port, chosen, deadlineMs, onStep) => {
  const attempt = new Attempt(address, port, deadlineMs, onStep);
  attempt.late = () => attempt.inconclusive(`the file could not be read within ${deadlineMs} ms`);
  const path = String(chosen.file).replaceAll('{address}', address);
  void look(attempt, path, Number(chosen['max-age'] ?? stateAgeDefaultMs));
  return attempt.result;
};

async function look(attempt: Attempt, path: string, maxAgeMs: number): Promise<void> {
  try {
    const read = await readFresh(path, maxAgeMs);
    if ('wrong' in read) attempt.inconclusive(read.wrong);
    else {
      attempt.watch?.('read', `${path}\n${read.text.trim()}`);
      judge(attempt, path, read.text);
    }
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    const known =
      code === 'ENOENT' ? `there is no ${path}` : code === 'EACCES' ? `${path} may not be read` : '';
    attempt.inconclusive(known || ownFault(code) || `${path} cannot be read: ${message}`);
  }
}

/** The text of a file that is fresh, closed again before anything is said of it; rejects as `open` does. */
async function readFresh(path: string, maxAgeMs: number): Promise<{ text: string } | { wrong: string }> {
  // A pipe without a writer would keep a thread of the pool for ever.
  const file: FileHandle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return { wrong: `${path} is no file` };
    const ageMs = Date.now() - facts.mtimeMs;
    if (ageMs > maxAgeMs) {
      const [age, most] = [ageMs, maxAgeMs].map((ms) => Math.round(ms / 1000));
      return { wrong: `${path} is ${age} s old, at most ${most} s are good` };
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stateFileReadMax), 0, stateFileReadMax, 0);
    return { text: buffer.toString('utf8', 0, bytesRead) };
  } finally {
    await file.close();
  }
}

function judge(attempt: Attempt, path: string, text: string): void {
  const statement = parseStatement(text);
  const [word = ''] = text.trim().split(/\s/, 1);
  if (statement !== undefined) obey(attempt, statement);
  else if (word === '') attempt.inconclusive(`${path} is empty`);
  else attempt.inconclusive(`${path} begins with "${word.slice(0, 40)}", which is no state`);
}

/** Reads a state that another program writes. */
export const file: Probe = { options, defaultPort: 0, hasAddress: false, run };
