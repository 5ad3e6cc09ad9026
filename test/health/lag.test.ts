// The lag meter: what counts as being held up, whichever of the two clocks shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LagMeter } from '../../src/health/lag.ts';
import { lagTickMs } from '../../src/limits.ts';

function meterAt() {
  const time = { monotonic: 0, wall: 1e12 };
  const meter = new LagMeter(
    () => time.monotonic,
    () => time.wall,
  );
  const pass = (ms: number) => {
    time.monotonic += ms;
    time.wall += ms;
  };
  return { meter, time, pass };
}

test('ticks in time are no lag, nor is a timer that is a little late', () => {
  const { meter, pass } = meterAt();
  for (let tick = 0; tick < 100; tick++) {
    pass(lagTickMs + 4);
    meter.tick();
  }
  assert.equal(meter.total(), 0);
});

test('a late tick counts, and counts before it has come', () => {
  const { meter, pass } = meterAt();
  pass(lagTickMs + 1300);
  assert.equal(meter.total(), 1300);
  meter.tick();
  assert.equal(meter.total(), 1300);
  pass(lagTickMs);
  meter.tick();
  assert.equal(meter.total(), 1300);
});

test('what began during a hold-up suffered only from its rest', () => {
  const { meter, pass } = meterAt();
  pass(lagTickMs + 1000);
  const before = meter.total();
  pass(400);
  meter.tick();
  assert.equal(meter.total() - before, 400);
});

test('a machine that slept shows on the wall clock alone', () => {
  const { meter, time, pass } = meterAt();
  pass(20);
  time.wall += 60_000;
  assert.ok(meter.total() > 59_000);
  meter.tick();
  time.wall -= 60_000;
  pass(lagTickMs);
  assert.ok(meter.total() < 60_000 + lagTickMs, 'a clock set back is no lag');
});

test('awake goes on without hold-ups, whatever becomes of the wall clock', () => {
  const { meter, time, pass } = meterAt();
  pass(lagTickMs);
  assert.equal(meter.awake(), lagTickMs);
  pass(5000);
  assert.equal(meter.awake(), lagTickMs, 'held up just now');
  meter.tick();
  assert.equal(meter.awake(), lagTickMs);
  for (const step of [3_600_000, -7_200_000]) {
    const before = meter.awake();
    time.wall += step;
    assert.equal(meter.awake(), before);
    meter.tick();
    pass(lagTickMs);
    meter.tick();
    assert.equal(meter.awake(), before + lagTickMs);
  }
});
