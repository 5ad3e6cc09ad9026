// The readable form of a log line, for terminals.
import assert from 'node:assert';
import { test } from 'node:test';
import { readableLine } from '../src/log.ts';

test('a line says the time, the level, the text, and then what belongs to it', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-01-02T03:04:05.678Z',
    pid: 1,
    msg: 'web2 is down',
    zones: 2,
    a: { b: 1 },
  });
  assert.equal(readableLine(line), '03:04:05 warn  web2 is down zones=2 a={"b":1}\n');
});
