// Files and variables of the environment that an option of a check names: keys, certificates, tokens. Each is
// read with everything else, so that what is accepted is kept whole, and faults never repeat a word of it.
import { isAbsolute, join } from 'node:path';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { isReference, makeContent, type Reference } from '../health/probes/content.ts';
import type { Content, ContentRule } from '../health/probes/probe.ts';
import { nearest } from '../near.ts';
import type { YamlNode } from './yaml.ts';

/** How what stands beside the settings is read. */
export type Beside = {
  readonly dir: string;
  /** Content of a file, or undefined and a fault at the place that names it. */
  readonly read: (path: string, place: Place) => Uint8Array | undefined;
  /** Whether every user of the machine may read the file. */
  readonly isOpenToAll: (path: string) => boolean;
  /** Variables of the environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Path of a file that the settings name. */
export function besidePath(written: string, dir: string): string {
  return isAbsolute(written) ? written : join(dir, written);
}

/** Warns of a file of secrets that everybody may read, once. */
export function warnIfOpen(path: string, what: string, beside: Beside, faults: Fault[]): void {
  if (!beside.isOpenToAll(path)) return;
  const fault = errorAt({ file: path, line: 1, column: 1 }, what, `chmod o-r ${path}`);
  if (faults.some((known) => known.file === path && known.what === what)) return;
  faults.push({ ...fault, severity: 'warning' });
}

/** The value of an option with every `{ file }` and `{ env }` in it read; undefined where one is faulty. */
export function readContents(
  value: unknown,
  rule: ContentRule,
  node: YamlNode,
  beside: Beside,
  faults: Fault[],
): unknown {
  if (isReference(value)) return readReference(value, rule, node.place, beside, faults);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, below]) => {
    const named =
      node.kind === 'map' ? node.entries.find((entry) => entry.key.toLowerCase() === key) : undefined;
    return [key, readContents(below, rule, named?.value ?? node, beside, faults)] as const;
  });
  return entries.some(([, below]) => below === undefined) ? undefined : Object.fromEntries(entries);
}

function readReference(
  reference: Reference,
  rule: ContentRule,
  place: Place,
  beside: Beside,
  faults: Fault[],
): Content | undefined {
  const found =
    'file' in reference
      ? readFile(besidePath(reference.file, beside.dir), rule, place, beside, faults)
      : readVariable(reference.env, place, beside, faults);
  if (found === undefined) return undefined;
  // A file ends with a line break, and a secret does not.
  const text = found.text.trim();
  const wrong = Buffer.byteLength(text) > rule.sizeMax ? `has over ${rule.sizeMax} octets` : rule.fault(text);
  if (wrong === undefined) return makeContent(found.from, text);
  faults.push(errorAt(place, `${found.from} ${wrong}`));
  return undefined;
}

function readFile(path: string, rule: ContentRule, place: Place, beside: Beside, faults: Fault[]) {
  const octets = beside.read(path, place);
  if (octets === undefined) return undefined;
  if (rule.isSecret) warnIfOpen(path, 'everybody on this machine can read this secret', beside, faults);
  return { from: path, text: Buffer.from(octets).toString() };
}

function readVariable(name: string, place: Place, { environment }: Beside, faults: Fault[]) {
  const text = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (text !== undefined) return { from: `the variable ${name}`, text };
  const near = nearest(name, Object.keys(environment));
  const hint =
    near === undefined ? 'the daemon and this command each have their own' : `did you mean ${near}?`;
  faults.push(errorAt(place, `there is no ${name} in the environment`, hint));
  return undefined;
}
