// Fifteen servers that misbehave, in a process of their own, against the real probes: the verdict, its words,
// its time, and what 10,000 such probes leave behind in this process. Runs alone.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lagMeter } from '../../../src/health/lag.ts';
import { makeContent } from '../../../src/health/probes/content.ts';
import { httpsTrusting } from '../../../src/health/probes/http.ts';
import { probeEndpoint, probes } from '../../../src/health/probes/index.ts';
import type { Options, Probe, ProbeResult, Target } from '../../../src/health/probes/probe.ts';
import { severalTarget } from '../../../src/health/probes/several.ts';
import { probeBodyMax, probeHeaderMax } from '../../../src/limits.ts';
import { until } from '../../until.ts';
import { endpointOf } from '../virtual.ts';
import type { Started } from './hostile.ts';
import { makeAuthority, openDescriptors, opensslMissing } from './servers.ts';

/** So long that other work on the machine hardly makes a probe inconclusive. */
const deadlineMs = 800;
/** No probe may end later than this after its deadline. */
const lateMaxMs = 100;
const heapGrowthMax = 5 << 20;
const many = 10_000;
const manyOthers = 2000;
/** Half of what one core can do, so that timers are in time. */
const gapMs = 1.8;
const inFlightMax = 200;
const heldUp = /^inconclusive: this process was stopped for \d+ ms$/;
const host = 'www.site.example';

type Case = {
  readonly kind?: 'https';
  readonly options?: Options;
  readonly outcome: 'ok' | 'fail';
  /** N stands for the deadline in milliseconds. */
  readonly reason: RegExp;
};

const body = { body: 'ok' };
const found = /^200 in \d+ ms$/;
const cases: Readonly<Record<string, Case>> = {
  refuses: { outcome: 'fail', reason: /^connection refused$/ },
  resets: { outcome: 'fail', reason: /^connection reset, no (response|connection)$/ },
  silent: { outcome: 'fail', reason: /^no response within N ms$/ },
  dripsHeader: { outcome: 'fail', reason: /^no end of the response header within N ms$/ },
  dripsBody: { options: body, outcome: 'fail', reason: /^no body with "ok" within N ms$/ },
  endlessBody: {
    options: body,
    outcome: 'fail',
    reason: new RegExp(`^first ${probeBodyMax} octets of the body do not contain "ok"$`),
  },
  gigabyteHeader: {
    outcome: 'fail',
    reason: new RegExp(`^response header longer than ${probeHeaderMax} octets$`),
  },
  endlessHandshake: { kind: 'https', outcome: 'fail', reason: /^no TLS handshake within N ms$/ },
  expired: {
    kind: 'https',
    outcome: 'fail',
    reason: /^certificate expired on \d{4}-\d\d-\d\d$/,
  },
  wrongName: {
    kind: 'https',
    outcome: 'fail',
    reason: /^certificate is for other\.example, not www\.site\.example$/,
  },
  redirectLoop: {
    outcome: 'fail',
    reason: /^redirect to \/again not followed \(302, expected 200-299\)$/,
  },
  gzipBomb: {
    options: body,
    outcome: 'fail',
    reason: /^first \d+ octets of the body do not contain "ok" \(it is sent as gzip\)$/,
  },
  http09: {
    outcome: 'fail',
    reason: /^not HTTP: the response begins with "<html><body>It works!<\/body><\/ht"$/,
  },
  garbage: { outcome: 'fail', reason: /^not HTTP: the response begins with ".+"$/ },
  slowClose: { options: body, outcome: 'ok', reason: found },
};

/** Collected until nothing more comes free: heap and what Node counts beside it, in octets. */
async function settledHeap(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('fifteen misbehaving servers', { skip: opensslMissing() }, () => {
  let child: ChildProcess;
  let ports: Readonly<Record<string, number>> = {};
  let https: Probe;
  let ca = '';
  /** Verdicts that were as they should be. */
  let right = 0;
  const names = Object.keys(cases);

  before(async () => {
    const command = fileURLToPath(new URL('./hostile.ts', import.meta.url));
    child = fork(command, { execArgv: ['--import', 'tsx'] });
    const [said] = (await once(child, 'message')) as [Started];
    ports = said.ports;
    ca = said.ca;
    const context = createSecureContext({ ca });
    https = httpsTrusting(() => context);
    await probe('silent', {}, 100); // the first one loads its library
  });
  after(() => child.disconnect());

  const accepted = async (): Promise<Readonly<Record<string, number>>> => {
    child.send('accepted');
    return ((await once(child, 'message')) as [Readonly<Record<string, number>>])[0];
  };
  const probe = (name: string, options: Options | undefined, deadlineMs: number): Promise<ProbeResult> => {
    const isSecure = cases[name]!.kind === 'https';
    const given = { ...(isSecure ? { host } : {}), ...options };
    return (isSecure ? https : probes.http).run('127.0.0.1', ports[name]!, given, deadlineMs);
  };

  /** Probes a server in its case's way; says what is not as the case wants it. */
  const fault = async (name: string): Promise<string | undefined> => {
    const { options, outcome, reason } = cases[name]!;
    const lagBefore = lagMeter().total();
    const startedAt = performance.now();
    const result = await probe(name, options, deadlineMs);
    const passedMs = performance.now() - startedAt;
    // A machine that is busy with other things makes all timers late, and the probe may say so.
    const heldUpMs = lagMeter().total() - lagBefore;
    if (passedMs > deadlineMs + lateMaxMs + heldUpMs)
      return `${name}: ${result.reason}, after ${passedMs} ms`;
    if (heldUpMs > deadlineMs / 4 && heldUp.test(result.reason)) return undefined;
    const isRight =
      result.outcome === outcome && reason.test(result.reason.replace(`${deadlineMs} ms`, 'N ms'));
    if (isRight) right++;
    return isRight ? undefined : `${name}: ${result.outcome}, ${result.reason}`;
  };

  for (const name of names) {
    test(`${name}: the verdict, within its deadline + ${lateMaxMs} ms, in words`, async () => {
      assert.equal(await fault(name), undefined);
    });
  }

  /** Probes all servers in turn, one probe every gapMs while not too many are in flight. */
  const probeMany = async (count: number): Promise<string[]> => {
    const faults: string[] = [];
    const inFlight = new Set<Promise<unknown>>();
    const startedAt = performance.now();
    for (let index = 0; index < count; index++) {
      while (inFlight.size >= inFlightMax) await Promise.race(inFlight);
      if (performance.now() < startedAt + index * gapMs)
        await new Promise((resolve) => setTimeout(resolve, 1));
      const one: Promise<unknown> = fault(names[index % names.length]!).then((said) => {
        inFlight.delete(one);
        if (said !== undefined) faults.push(said);
      });
      inFlight.add(one);
    }
    await Promise.all(inFlight);
    return faults;
  };

  test(`${manyOthers} probes of other kinds: agents, several, our own certificates and sources`, async () => {
    const content = (from: string, octets: Buffer) => makeContent(from, octets.toString());
    const authority = makeAuthority();
    const { cert, key } = authority.issue('DNS:prober.site.example');
    authority.remove();
    const tls = {
      host,
      certificate: content('cert', cert),
      key: content('key', key),
      ca: content('ca', Buffer.from(ca)),
    };
    const at = (kind: string, name: string, options: Options = {}): Target => ({
      kind,
      port: ports[name]!,
      options,
    });
    const targets: readonly Target[] = [
      ...Object.keys(ports).map((name) => at('agent', name, { send: 'x' })),
      at('https', 'expired', tls),
      at('https', 'wrongName', tls),
      at('tcp', 'wrongName', { ...tls, tls: true }),
      at('http', 'redirectLoop', { source: ['127.0.0.7'] }),
      at('push', 'refuses', { name: 'job' }),
      severalTarget(2, [at('agent', 'garbage'), at('http', 'http09'), at('push', 'refuses')]),
    ];
    const { check } = endpointOf(0);
    const probeTargets = async (count: number): Promise<void> => {
      const inFlight = new Set<Promise<unknown>>();
      for (let index = 0; index < count; index++) {
        while (inFlight.size >= 40) await Promise.race(inFlight);
        const target = targets[index % targets.length]!;
        const endpoint = { key: 'k', address: '127.0.0.1', check: { ...check, ...target, timeoutMs: 300 } };
        const one: Promise<unknown> = probeEndpoint(endpoint).then(({ outcome, reason }) => {
          inFlight.delete(one);
          if (outcome === 'ok') wrong.push(`${target.kind} ${target.port}: ${reason}`);
        });
        inFlight.add(one);
      }
      await Promise.all(inFlight);
    };
    const wrong: string[] = [];
    await probeTargets(20 * targets.length);
    const descriptors = openDescriptors();
    const heap = await settledHeap();
    await probeTargets(manyOthers);
    assert.deepEqual(wrong.slice(0, 5), []);
    await until(`${descriptors} descriptors`, 2000, () => openDescriptors() <= descriptors);
    const grown = (await settledHeap()) - heap;
    assert.ok(grown < heapGrowthMax, `${grown} octets more than before`);
  });

  test(`${many} probes of them: verdicts as above, no descriptor left, less than 5 MiB of heap`, async () => {
    await probeMany(40 * names.length);
    const descriptors = openDescriptors();
    const heap = await settledHeap();
    const before = await accepted();
    right = 0;
    const faults = await probeMany(many);
    assert.deepEqual(faults.slice(0, 10), []);
    // Beside much other work most are inconclusive, rightly; what they leave behind counts all the same.
    assert.ok(right > many / 100, `${many - right} inconclusive: this machine is too busy for this test`);
    await until(`${descriptors} descriptors`, 2000, () => openDescriptors() <= descriptors);
    const grown = (await settledHeap()) - heap;
    assert.ok(grown < heapGrowthMax, `${grown} octets more than before`);
    for (const [name, count] of Object.entries(await accepted())) {
      const connections = count - before[name]!;
      const wanted = many / names.length;
      assert.ok(Math.abs(connections - wanted) < 1, `${name}: ${connections} connections, ${wanted} probes`);
    }
  });
});
