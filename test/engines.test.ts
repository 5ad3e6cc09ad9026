// Runs every case of test/cases/ through every engine: the model, respond() in process.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Case, type Expectation, loadCases, type Question, type Section } from './cases.ts';
import { rowKeys } from './compare.ts';
import { expected, worldOf } from './model.ts';
import { rcodeText } from './rows.ts';

const { zones, cases } = loadCases();

function each(run: (question: Question, one: Case) => void | Promise<void>): void {
  for (const one of cases) {
    for (const question of one.questions) {
      it(`${one.file}:${one.line} ${question.line}: ${one.reason}`, async () => run(question, one));
    }
  }
}

describe('the model', () => {
  const world = worldOf(zones);
  each((question, { expect }) => {
    for (const transport of question.transports) {
      const got = expected(world, question.octets, transport, question.port);
      assert.deepEqual(readable(got, expect), readable(expect, expect));
    }
  });
});

/** An expectation as something that can be compared and read; counters only where `like` names them. */
function readable(expect: Expectation, like: Expectation) {
  const { silence, bare, flags } = expect;
  const section = (alternatives: Section): string[] =>
    alternatives.map((rows) => rowKeys(rows).join('\n')).sort();
  const counters = [...(expect.counters ?? [])].filter(
    ([name]) => like.counters?.has(name) && !['balanced', 'edns-queries'].includes(name),
  );
  return {
    ...{ silence, bare, flags: [...flags].sort(), rcode: rcodeText(expect.rcode) },
    answer: section(expect.answer),
    authority: section(expect.authority),
    additional: section(expect.additional),
    counters,
  };
}
