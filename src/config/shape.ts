// The shape of a map in the YAML: a valibot object whose values are read from text. Here the library's issues
// become faults with a place, and unknown keys get a hint. All keys of a shape are optional; what is required
// is checked by who asks. Used by the readers beside this file.
import * as v from 'valibot';
import { errorAt, type Fault, type Place } from '../faults.ts';
import { suggest } from '../near.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml.ts';

/**
 * What became of a text: its value, or what is wrong with it, as the end of a sentence that begins with the
 * key.
 */
export type Reading<T> = { readonly value: T } | { readonly wrong: string; readonly hint?: string };

/** JSON Schema (draft 7) of a value as YAML has it for an editor: there `5` is a number. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Reads what the operator wrote; `looks` is what an editor should know of it. */
export type Reader<From, T> = ((written: From) => Reading<T>) & { readonly looks?: JsonSchema };

/** Any single value: what reads it says more. */
export const scalar: JsonSchema = { type: ['string', 'number', 'boolean'] };

/** A reader that says what it reads looks like. */
export function looking<From, T>(looks: JsonSchema, read: (written: From) => Reading<T>): Reader<From, T> {
  return Object.assign((written: From) => read(written), { looks });
}

/** A value of one text. */
export function text<T>(read: Reader<string, T>) {
  const looks = read.looks ?? scalar;
  return v.pipe(v.string('must be a single value'), reading(read), v.metadata({ looks }));
}

/** A list of texts; one text stands for a list of one. */
export function texts<T>(read: Reader<string, T>) {
  const toList = v.transform((written: unknown) => (Array.isArray(written) ? written : [written]));
  const one = read.looks ?? scalar;
  const looks = { anyOf: [one, { type: 'array', items: one }] };
  return v.pipe(v.unknown(), toList, v.array(text(read)), v.metadata({ looks }));
}

/** A value that is a text, a list or a map: `read` gets strings, arrays and plain objects. */
export function value<T>(read: Reader<unknown, T>) {
  return v.pipe(v.unknown(), reading(read), v.metadata({ looks: read.looks ?? {} }));
}

/** A value that is read by other means than its shape; `looks` is asked when a schema is made. */
export function elsewhere(looks: () => JsonSchema) {
  return v.pipe(v.unknown(), v.metadata({ looks }));
}

/** The JSON Schema of a shape; keys that it does not have are refused. */
export function schemaOf(shape: object): JsonSchema {
  const { wrapped, entries } = shape as { wrapped?: object; entries?: Readonly<Record<string, object>> };
  if (wrapped !== undefined) return schemaOf(wrapped);
  if (entries !== undefined) {
    const rows = Object.entries(entries).map(([key, below]) => [key, schemaOf(below)]);
    return { ...anyMap, properties: Object.fromEntries(rows), additionalProperties: false };
  }
  const { looks = {} } = v.getMetadata(shape as v.GenericSchema) as {
    looks?: JsonSchema | (() => JsonSchema);
  };
  return typeof looks === 'function' ? looks() : looks;
}

/** The JSON Schema of a map that `off` may stand for. */
export function offOr(shape: object): JsonSchema {
  return { anyOf: [{ const: 'off' }, schemaOf(shape)] };
}

/** Nothing behind a key is an empty map. */
const anyMap: JsonSchema = { type: ['object', 'null'] };

/** The JSON Schema of a map whose keys are names that the operator chooses. */
export function namedSchema(each: JsonSchema): JsonSchema {
  return { ...anyMap, additionalProperties: each };
}

function reading<From, T>(read: (written: From) => Reading<T>) {
  return v.rawTransform<From, T>(({ dataset, addIssue, NEVER }) => {
    const outcome = read(dataset.value);
    if ('value' in outcome) return outcome.value;
    // Fault texts have no line breaks, so one parts them from the hint.
    addIssue({ message: `${outcome.wrong}\n${outcome.hint ?? ''}` });
    return NEVER;
  });
}

/** A map within a map. */
export function map<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, 'must have keys and values of its own');
}

/** The values of a map by its shape, undefined where one of them is wrong. Unknown keys are faults too. */
export function shaped<Entries extends v.ObjectEntries>(
  node: YamlNode,
  schema: v.ObjectSchema<Entries, string>,
  faults: Fault[],
): v.InferOutput<v.ObjectSchema<Entries, string>> | undefined {
  const entries = entriesOf(node, faults);
  if (entries === undefined) return undefined;
  const whole: YamlMap = { kind: 'map', place: node.place, entries };
  refuseUnknownKeys(whole, schema.entries, faults);
  const result = v.safeParse(schema, plain(whole));
  for (const { message, path } of result.issues ?? []) {
    const keys = (path ?? []).map(({ key }) => key);
    const name = keys.findLast((key) => typeof key === 'string');
    const [wrong = '', hint = ''] = message.split('\n');
    faults.push(errorAt(placeAt(whole, keys), `${name} ${wrong}`, hint));
  }
  return result.success ? result.output : undefined;
}

/** The entries of a map; nothing at all is an empty one, and what else it may be is a fault. */
export function entriesOf(node: YamlNode, faults: Fault[]): readonly YamlEntry[] | undefined {
  if (node.kind === 'map') return node.entries;
  if (node.kind === 'text' && node.text === '') return [];
  const what =
    node.kind === 'list' ? 'a list, where keys and values belong' : `"${node.text}", where keys belong`;
  faults.push(errorAt(node.place, what, 'write "key: value", with a space after the colon'));
  return undefined;
}

/** The value of a key, undefined where it is absent. */
export function valueAt(node: YamlNode, key: string): YamlNode | undefined {
  return node.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}

function refuseUnknownKeys(node: YamlMap, known: v.ObjectEntries, faults: Fault[]): void {
  for (const { key, place, value: below } of node.entries) {
    if (!Object.hasOwn(known, key)) {
      faults.push(unknownKey(key, place, Object.keys(known)));
      continue;
    }
    const schema = known[key]! as { wrapped?: { entries?: v.ObjectEntries }; entries?: v.ObjectEntries };
    const entries = schema.entries ?? schema.wrapped?.entries;
    if (entries !== undefined && below.kind === 'map') refuseUnknownKeys(below, entries, faults);
  }
}

function unknownKey(key: string, place: Place, known: readonly string[]): Fault {
  // `{ port 8080 }` is a key without a value to YAML.
  const first = /^(\S+)\s/.exec(key)?.[1];
  const hint =
    first !== undefined && known.includes(first)
      ? `is a colon missing after "${first}"?`
      : suggest(key, known) || `keys here: ${known.join(', ')}`;
  return errorAt(place, `unknown key "${key}"`, hint);
}

function plain(node: YamlNode): unknown {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value: below }) => [key, plain(below)]));
}

function placeAt(node: YamlNode, keys: readonly unknown[]): Place {
  let at: YamlNode = node;
  for (const key of keys) {
    const below: YamlNode | undefined =
      at.kind === 'list' ? at.items[key as number] : valueAt(at, key as string);
    if (below === undefined) break;
    at = below;
  }
  return at.place;
}
