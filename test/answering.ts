// respond() in process with the zones of cases: the folder is loaded, compiled and adopted as control and a
// worker do it, only without them. Messages stand in the middle of larger buffers, so that a forgotten offset
// shows. Used by engines.test.ts and properties.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileSets } from '../src/answer/compilesets.ts';
import { counterNames } from '../src/answer/counters.ts';
import { SETS } from '../src/answer/layout.ts';
import { respond } from '../src/answer/respond.ts';
import { allAlike } from '../src/answer/settings.ts';
import { Tables } from '../src/answer/tables.ts';
import { followAll } from '../src/balance/follow.ts';
import { chooseFrom } from '../src/balance/pool.ts';
import { poolState } from '../src/balance/state.ts';
import { loadAll } from '../src/control/load.ts';
import { openTable } from '../src/control/tablefiles.ts';
import { printFault } from '../src/faults.ts';
import { Response } from '../src/wire/message.ts';
import { Query, TRANSPORT } from '../src/wire/query.ts';
import { type CaseZone, caseSettings, type Transport } from './cases.ts';

/** Octets before and behind what belongs to a message. */
const margin = 16;
const filler = 0xa5;
const up = { verdict: 'up', settled: true } as const;
const down = { verdict: 'down', settled: false } as const;

/** The files of a configuration folder with these zones; `PORT` becomes a port per zone. */
export function filesOf(
  zones: readonly CaseZone[],
  portOf: (zone: CaseZone) => number,
): Record<string, string> {
  const files: Record<string, string> = {};
  for (const zone of zones) {
    const name = zone.origin.slice(0, -1);
    files[`${name}.zone`] = zone.text;
    if (zone.balance !== '') files[`${name}.yaml`] = zone.balance.replaceAll('PORT', String(portOf(zone)));
  }
  return files;
}

/** Loads zones as the server would; the folder is gone afterwards. */
export function tablesOf(zones: readonly CaseZone[]): Tables {
  const folder = mkdtempSync(join(tmpdir(), 'steerdns-cases-'));
  try {
    for (const [file, text] of Object.entries(filesOf(zones, () => 9)))
      writeFileSync(join(folder, file), text);
    const loaded = loadAll({ dir: folder, tablesDir: join(folder, 'tables'), known: [] });
    const errors = loaded.faults.filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors.map(printFault), []);
    const tables = new Tables();
    tables.adopt({
      settings: {
        ...allAlike,
        ...caseSettings,
        cookieSecrets: [new Uint8Array(16).fill(7)],
        rateLimit: undefined,
      },
      zones: loaded.zones.map((zone) => ({ origin: zone.origin, table: openTable(zone) })),
      sets: loaded.zones.flatMap(({ origin, id, pools, followers, endpoints }) => {
        const dead = zones.find((zone) => zone.origin === origin)!.down;
        const addresses = new Map(endpoints.map(({ key, address }) => [key, address]));
        const healthOf = (key: string) => (dead.includes(addresses.get(key)!) ? down : up);
        const states = pools.map((pool) => poolState(pool, healthOf, { now: 0 }));
        const choices = pools.flatMap((pool, i) => chooseFrom(pool, states[i]!));
        if (choices.length === 0) return [];
        const table = compileSets(id, 1, [...choices, ...followAll(followers, pools, states)]);
        const setCount = new Uint32Array(table.buffer, 0, SETS.words)[SETS.setCount]!;
        return [{ origin, table, counts: new Float64Array(setCount) }];
      }),
    });
    return tables;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One client of respond(). */
export class Answering {
  readonly tables: Tables;
  readonly #query = new Query();
  readonly #response = new Response();

  constructor(tables: Tables) {
    this.tables = tables;
    this.#response.writeInto(new Uint8Array(65_535 + 2 * margin));
    this.#response.at = margin;
  }

  /** The response to these octets, or undefined: silence. Fails where a message leaves its place. */
  ask(octets: Uint8Array, transport: Transport, port = 4242, sizeMax = 65_535): Uint8Array | undefined {
    const query = this.#query;
    const response = this.#response;
    query.octets = new Uint8Array(octets.length + 2 * margin).fill(filler);
    query.octets.set(octets, margin);
    query.at = margin;
    query.length = octets.length;
    query.transport = TRANSPORT[transport];
    query.sourcePort = port;
    response.octets.fill(filler, 0, 4096);
    response.sizeMax = sizeMax;
    const length = respond(this.tables, query, response);
    assert.ok(length >= 0 && length <= sizeMax, `length ${length}`);
    assert.ok(
      response.octets.subarray(0, margin).every((octet) => octet === filler),
      'octets before the response were written',
    );
    return length === 0 ? undefined : response.octets.slice(margin, margin + length);
  }

  /** The counters as they stand. */
  counters(): Map<string, number> {
    return new Map(counterNames.map((name, i) => [name, this.tables.counters[i]!]));
  }
}
