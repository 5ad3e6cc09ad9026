// JSON Schema of the two kinds of YAML, for editors: made of the shapes that the files are read by and of the
// registries of probes and policies, so that a key which is read is a key that an editor knows. It says what
// one value may be; what values say of each other, and of the zone, `check` finds. Called by cli/schema.ts.
import { zoneShape } from '../config.ts';
import { serverShape } from './server.ts';
import { type JsonSchema, schemaOf } from './shape.ts';

const shapes = {
  zone: { shape: zoneShape, title: 'ORIGIN.yaml of steerdns: how the names of a zone are balanced' },
  server: { shape: serverShape, title: 'steerdns.yaml: settings of the server' },
} as const;

/** What there are schemas of. */
export const schemaNames = Object.keys(shapes) as (keyof typeof shapes)[];

/** Makes one of them, in draft 7, which editors know best. */
export function jsonSchema(name: keyof typeof shapes): JsonSchema {
  const { shape, title } = shapes[name];
  return { $schema: 'http://json-schema.org/draft-07/schema#', title, ...schemaOf(shape) };
}
