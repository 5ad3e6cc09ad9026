// A simulation shows what a daemon does: the lab's scenario (kill, slow, fail, revive) is performed with a
// real daemon and real servers, and simulated from the same script; the transitions are the same one for one.
// Runs alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readScript } from '../../src/cli/simulate/script.ts';
import type { Outcome } from '../../src/cli/simulate/simulation.ts';
import type { Event } from '../../src/control/events.ts';
import { Daemon } from '../daemon.ts';
import { type Behaviour, startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';

const names = ['web1', 'web2', 'web3', 'web4'];
const addresses = names.map((_, i) => `127.0.0.${111 + i}`);
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${addresses.map((address) => `www A ${address}`).join('\n')}
`;
const [intervalMs, timeoutMs] = [1000, 500];
const balance = (port: number): string => `checks:
  web:
    { type: http, port: ${port}, path: /healthz, interval: 1s, timeout: 500ms, recheck: 200ms, hold-down: 0s }
balance:
  www:
    check: web
    members:
${addresses.map((address, i) => `      ${address}: { name: ${names[i]} }`).join('\n')}
`;

const script = `# the lab's scenario
at 2s  web1 refuses
at 4s  web2 silent
at 6s  web3 fails
at 9s  web1 ok
at 11s web2 ok
at 12s web3 ok
at 14s web4 refuses
end 17s
`;
const toyBehaviours: Readonly<Record<string, Behaviour>> = {
  refuses: 'refusing',
  silent: 'silent',
  fails: 'failing',
  ok: 'well',
};

/** A turn of a verdict: who, from what to what, what kind of reason, and when, in milliseconds. */
type Turn = { readonly member: string; readonly what: string; readonly atMs: number };

function turnOf(event: { member: string; from: string; to: string; reason: string; atMs: number }): Turn[] {
  const { member, from, to, reason, atMs } = event;
  if (from === 'unknown') return [];
  const kinds = { refused: /refused/, silent: /no response within/, failing: /503/, ok: /200/ };
  const kind = Object.entries(kinds).find(([, pattern]) => pattern.test(reason))?.[0] ?? reason;
  return [{ member, what: `${from} -> ${to}: ${kind}`, atMs }];
}

describe('a simulation and a daemon under the same script', { timeout: 60_000 }, () => {
  let toys: Toy[];
  let daemon: Daemon;
  before(async () => {
    toys = await startToys(addresses);
    const files = {
      'site.example.zone': zone,
      'site.example.yaml': balance(toys[0]!.port),
      'lab.txt': script,
    };
    daemon = await Daemon.start({ files });
  });
  after(async () => {
    await daemon?.close();
    await stopToys(toys ?? []);
  });

  const simulated = async (seed: number): Promise<Turn[]> => {
    const folder = join(daemon.folder, 'zones');
    const ran = await daemon.program(
      'simulate',
      folder,
      join(folder, 'lab.txt'),
      '--json',
      '--seed',
      String(seed),
    );
    assert.equal(ran.code, 0, ran.stderr);
    const { happenings } = JSON.parse(ran.stdout) as Outcome;
    return happenings.flatMap((one) =>
      one.kind === 'monitor' && one.event.kind === 'turned' ? turnOf({ ...one, ...one.event }) : [],
    );
  };

  it('have the same transitions, each within an interval and a timeout of the other', async () => {
    const { steps, endMs } = readScript('lab.txt', script);
    const startedAt = Date.now();
    for (const { atMs, selector, deed } of steps) {
      await pause(startedAt + atMs - Date.now());
      await toys[names.indexOf(selector)]!.behave(toyBehaviours[deed.kind]!);
    }
    await until('the script is at its end', 20_000, () => Date.now() >= startedAt + endMs!);
    const { stdout } = await daemon.run('events', '--json', '--kinds', 'verdict');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    const live = events.flatMap(({ at, data }) =>
      turnOf({
        ...(data as { member: string; from: string; to: string; reason: string }),
        atMs: at - startedAt,
      }),
    );
    assert.equal(live.length, 7);
    for (const seed of [1, 2, 3]) {
      const turns = await simulated(seed);
      for (const member of names) {
        const [there, here] = [live, turns].map((all) => all.filter((turn) => turn.member === member));
        assert.deepEqual(
          here!.map(({ what }) => what),
          there!.map(({ what }) => what),
          member,
        );
        for (const [i, { what, atMs }] of here!.entries()) {
          const apartMs = Math.abs(atMs - there![i]!.atMs);
          console.log(`seed ${seed}: ${member} ${what}: simulated and live ${apartMs.toFixed(0)} ms apart`);
          assert.ok(apartMs <= intervalMs + timeoutMs, `${member} ${what}: ${apartMs} ms apart`);
        }
      }
    }
  });
});
