// The JSON Schema of the YAML against a validator: whatever the program takes is valid, every example of the
// README and of zones/ among it, and keys that it does not know are refused.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { jsonSchema, schemaNames } from '../../src/config/schema.ts';
import { probes } from '../../src/health/probes/index.ts';
import { root } from '../build.ts';
import { readBlocks } from '../readme.ts';
import { readFaultCases } from './cases.ts';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const validators = new Map(schemaNames.map((name) => [name, ajv.compile(jsonSchema(name))]));

/** What the schema says of a file, as lines; none: it is valid. */
function faultsOf(path: string, text: string): string[] {
  const validate = validators.get(path.endsWith('steerdns.yaml') ? 'server' : 'zone')!;
  if (validate(parse(text))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

describe('valid is', () => {
  it('every example of README.md', () => {
    const blocks = readBlocks(readFileSync(join(root, 'README.md'), 'utf8'));
    const examples = blocks.filter(({ kind, argument }) => kind === 'file' && argument.endsWith('.yaml'));
    assert.ok(examples.length >= 3);
    for (const { argument, text, line } of examples) {
      assert.deepEqual(faultsOf(argument, text), [], `README.md:${line}`);
    }
  });

  it('every file of zones/', () => {
    const names = readdirSync(join(root, 'zones')).filter((name) => name.endsWith('.yaml'));
    assert.ok(names.length >= 2);
    for (const name of names) {
      assert.deepEqual(faultsOf(name, readFileSync(join(root, 'zones', name), 'utf8')), [], name);
    }
  });

  for (const { what, files, expected } of readFaultCases()) {
    const yaml = Object.entries(files).filter(([path]) => path.endsWith('.yaml'));
    if (expected.length > 0 || yaml.length === 0) continue;
    it(`what has no faults: ${what}`, () => {
      for (const [path, text] of yaml) assert.deepEqual(faultsOf(path, text), [], path);
    });
  }

  it('a file with nothing in it', () => assert.deepEqual(faultsOf('a.yaml', '# nothing\n'), []));
});

describe('refused is', () => {
  const refused: readonly (readonly [path: string, text: string])[] = [
    ['a.yaml', 'balances: {}'],
    ['a.yaml', 'balance: { www: { chekc: web } }'],
    ['a.yaml', 'balance: { www: { policy: wieghted } }'],
    ['a.yaml', 'balance: { www: { answers: 0 } }'],
    ['a.yaml', 'balance: { www: { ttl: { steady: 5 } } }'],
    ['a.yaml', 'balance: { www: { members: { 192.0.2.1: { wieght: 1 } } } }'],
    ['a.yaml', 'checks: { web: { port: 80 } }'],
    ['a.yaml', 'checks: { web: { type: htp } }'],
    ['a.yaml', 'checks: { web: { type: tcp } }'],
    ['a.yaml', 'checks: { web: { type: http, interval: soon } }'],
    ['a.yaml', 'checks: { web: { type: http, verify-tls: false } }'],
    ['a.yaml', 'checks: { web: { type: https, verify-tls: perhaps } }'],
    ['a.yaml', 'checks: { web: { type: exec } }'],
    ['a.yaml', 'checks: { web: { probes: [] } }'],
    ['a.yaml', 'checks: { web: { probes: [{ type: http, interval: 1s }] } }'],
    ['steerdns.yaml', 'listne: 127.0.0.1:53'],
    ['steerdns.yaml', 'rate-limit: { per-second: 3 }'],
    ['steerdns.yaml', 'rate-limit: on'],
    ['steerdns.yaml', 'cookies: { secrets: x }'],
    ['steerdns.yaml', 'control: { mode: [6, 6, 0] }'],
    ['steerdns.yaml', 'balance: {}'],
  ];
  for (const [path, text] of refused) {
    it(`${path}: ${text}`, () => assert.notDeepEqual(faultsOf(path, text), []));
  }

  it('every unknown key of the cases', () => {
    let seen = 0;
    for (const { what, files, expected } of readFaultCases()) {
      for (const fault of expected) {
        const [, path] = /^(\S+\.yaml):\d+:\d+: error: unknown key /.exec(fault) ?? [];
        if (path === undefined) continue;
        seen += 1;
        assert.notDeepEqual(faultsOf(path, files[path]!), [], `${what}: ${fault}`);
      }
    }
    assert.ok(seen > 5);
  });
});

it('says something of every key of a file', () => {
  for (const name of schemaNames) {
    for (const [key, looks] of Object.entries(jsonSchema(name).properties as object)) {
      assert.notDeepEqual(looks, {}, `${name}: ${key} is read elsewhere, and its look is not given`);
    }
  }
});

it('knows every kind of probe and each of its options, with what it is', () => {
  const schema = JSON.stringify(jsonSchema('zone'));
  for (const [kind, { options }] of Object.entries(probes)) {
    assert.ok(schema.includes(`"type":{"const":"${kind}"}`), kind);
    for (const [name, { what }] of Object.entries(options)) {
      assert.ok(schema.includes(`"${name}":`) && schema.includes(JSON.stringify(what)), `${kind} ${name}`);
    }
  }
});
