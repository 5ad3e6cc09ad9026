// Octets from outside, tried by the fuzzer of test/fuzz/: a twentieth of what a release is tried with, all of
// it with STEERDNS_TEST_LONG=1. Each target runs in a process of its own, so that its memory can be measured.
// And the fuzzer itself: it finds what is planted.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Fuzzer, type Options, type Report } from './fuzz/fuzzer.ts';
import { type Bug, toyTarget } from './fuzz/toy.ts';

const seed = process.env.STEERDNS_TEST_SEED ?? '1';
/** Inputs of a long run; CI makes a twentieth of them. */
const runs = { query: 5_000_000, stream: 100_000, zone: 200_000, yaml: 30_000 } as const;
const part = process.env.STEERDNS_TEST_LONG === '1' ? 1 : 0.05;
const command = fileURLToPath(new URL('fuzz/fuzz.ts', import.meta.url));

describe('any octets do no harm', { concurrency: 2 }, () => {
  for (const [target, all] of Object.entries(runs)) {
    const count = Math.round(all * part);
    it(`${target}: ${count} inputs, seed ${seed}`, {
      timeout: part === 1 ? 3_600_000 : 280_000,
    }, async () => {
      const flags = ['--import', 'tsx', command, '--target', target, '--runs', `${count}`, '--seed', seed];
      const { stdout } = await promisify(execFile)(process.execPath, flags).catch((error) => {
        throw new Error(`${error.stdout}${error.stderr}`);
      });
      console.log(stdout.trim());
      const [, inputs] = /^\w+: (\d+) inputs/.exec(stdout) ?? [];
      assert.ok(Number(inputs) >= count, stdout);
    });
  }
});

describe('the fuzzer finds what is planted', () => {
  const enough = 100_000;
  before(() => {
    setFlagsFromString('--expose-gc');
    globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction;
  });
  const search = (bug: Bug, options: Partial<Options> = {}): Report =>
    new Fuzzer(toyTarget(bug), { seed: Number(seed), runs: enough, ...options }).run();

  it('a throw behind six conditions, with the smallest input that leads there', () => {
    const { failure, covered } = search('throw');
    assert.match(failure?.what ?? 'nothing', /the planted bug/);
    assert.deepEqual([...failure!.input], [0x73, 0xc0, 0x91, 0x1d, 0xe5, 0x2a]);
    assert.ok(covered.run > 0 && covered.run <= covered.code);
  });

  it('which without the guidance of coverage it does not', () => {
    assert.equal(search('throw', { runs: 10 * enough, isGuided: false }).failure, undefined);
  });

  it('time that grows with the square of the input', () => {
    assert.match(search('slow').failure?.what ?? 'nothing', /^slow: /);
  });

  it('memory that is kept', () => {
    assert.match(search('leak', { runs: 20_000 }).failure?.what ?? 'nothing', /^memory: /);
  });
});
