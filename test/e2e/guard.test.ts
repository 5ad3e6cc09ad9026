// What a reload refuses to lose: a zone file that is cut anywhere, a zone that shrinks, a balanced name that
// goes, a serial that goes back; and how the operator looks first, insists, or reloads one zone alone.
// STEERDNS_TEST_LONG=1 cuts a file at 200 offsets and at each line end, else at each sixteenth of these.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAll } from '../../src/control/load.ts';
import { Daemon } from '../daemon.ts';
import { ask } from '../load.ts';

const names = Array.from({ length: 40 }, (_, i) => `host${i}`);
const head = (serial: number): string => `$TTL 30
@ SOA ns1 hostmaster ${serial} 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
    A 192.0.2.2
`;
const whole = (serial: number): string =>
  head(serial) + names.map((name, i) => `${name} A 198.51.100.${i + 1}\n`).join('');

/** RCODE of the answer for a name. */
async function rcode(daemon: Daemon, name: string): Promise<number> {
  return (await ask(daemon.port, name)).rcode;
}

const isLong = process.env.STEERDNS_TEST_LONG === '1';

/** 200 offsets of a text, and each end of a line, before and behind its newline. */
function cutsOf(text: string): number[] {
  const cuts = new Set(Array.from({ length: 200 }, (_, i) => Math.floor((i * text.length) / 200)));
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) cuts.add(at).add(at + 1);
  cuts.delete(text.length);
  return [...cuts];
}

it('a load says of each cut that it is one, or that the file has faults', () => {
  const [dir, acceptedDir] = [mkdtempSync(join(tmpdir(), 'cut-')), mkdtempSync(join(tmpdir(), 'cut-'))];
  try {
    const text = whole(7);
    writeFileSync(join(acceptedDir, 'site.example.zone'), text);
    for (const at of cutsOf(text)) {
      writeFileSync(join(dir, 'site.example.zone'), text.slice(0, at));
      const { faults, losses } = loadAll({ dir, tablesDir: undefined, known: [], acceptedDir });
      const isCut = losses.some(({ what }) => what.includes('cut short'));
      assert.ok(isCut || faults.some(({ severity }) => severity === 'error'), `cut at ${at}`);
    }
    writeFileSync(join(dir, 'site.example.zone'), `${text}more A 192.0.2.9\n`);
    assert.deepEqual(loadAll({ dir, tablesDir: undefined, known: [], acceptedDir }).losses, []);
  } finally {
    for (const folder of [dir, acceptedDir]) rmSync(folder, { recursive: true });
  }
});

describe('a reload keeps what nobody meant to lose', { timeout: 240_000 }, () => {
  const files = {
    'site.example.zone': whole(7),
    'site.example.yaml': 'balance:\n  www: {}\n',
    'other.example.zone': head(1),
  };
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ files });
  });
  after(() => daemon?.close());

  const last = `${names.at(-1)}.site.example`;
  /** The file lies there whole again, and nothing is left of what was tried. */
  const mend = async (): Promise<void> => {
    for (const [path, text] of Object.entries(files)) daemon.write(path, text);
    assert.equal((await daemon.run('reload', '--force')).code, 0);
  };

  it('a zone file that is cut anywhere: no name of it is denied', async () => {
    const text = files['site.example.zone'];
    const cuts = isLong ? cutsOf(text) : cutsOf(text).filter((_, i) => i % 16 === 0);
    for (const at of cuts) {
      daemon.write('site.example.zone', text.slice(0, at));
      const report = await daemon.reload();
      assert.equal(report.ok, false, `cut at ${at}`);
      for (const name of ['www.site.example', `${names[0]}.site.example`, last]) {
        assert.equal(await rcode(daemon, name), 0, `${name}, cut at ${at}`);
      }
    }
    daemon.write('site.example.zone', text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
    const { code, stderr } = await daemon.run('reload');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /site\.example\.zone:46:1: error: the file ends after \d+ of the \d+ octets in service/,
    );
    assert.match(stderr, /reload refused, still serving generation \d+, loaded at [\d: -]+, \d+ (s|min) ago/);
    await mend();
  });

  it('a cut file does not come into service by a restart either', async () => {
    await daemon.stop();
    daemon.write('site.example.zone', head(8).replace('8', '7'));
    daemon.launch();
    await daemon.answering();
    assert.equal(await rcode(daemon, last), 0);
    assert.equal((await daemon.status()).control.source, 'accepted');
    await mend();
  });

  it('a zone that lost a fifth of its records, unless it is forced', async () => {
    daemon.write('site.example.zone', whole(8).replace(/^host(1\d|2\d) .*\n/gm, ''));
    const refused = await daemon.run('reload');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /20 of the 45 records that are in service are no longer there .*--force/);
    assert.equal(await rcode(daemon, 'host11.site.example'), 0);
    const forced = await daemon.run('reload', '--force');
    assert.equal(forced.code, 0);
    assert.match(forced.stderr, /warning: 20 of the 45 records/);
    assert.equal(forced.stdout, 'site.example: serial 7 -> 8, +0 -20 records, 20 names disappear\n');
    assert.equal(await rcode(daemon, 'host11.site.example'), 3);
    await mend();
  });

  it('a balanced name, a zone file, a content that are gone, and a serial that went back', async () => {
    daemon.write('site.example.zone', whole(9).replace(/www A 192.0.2.1\n.*A 192.0.2.2\n/, ''));
    daemon.write('site.example.yaml', 'balance: {}\n');
    const gone = await daemon.run('reload');
    assert.match(gone.stderr, /www\.site\.example\. was balanced over 2 members and has none now/);
    daemon.write('site.example.yaml', files['site.example.yaml']);
    daemon.write('site.example.zone', whole(6) + 'more A 192.0.2.9\n');
    assert.match((await daemon.run('reload')).stderr, /the serial went back from 7 to 6, with other records/);
    daemon.write('site.example.zone', '');
    assert.equal((await daemon.run('reload')).code, 1);
    daemon.write('site.example.zone', files['site.example.zone']);
    rmSync(join(daemon.folder, 'zones', 'other.example.zone'));
    assert.match((await daemon.run('reload')).stderr, /zone other\.example\. is no longer there/);
    assert.equal(await rcode(daemon, 'www.other.example'), 0);
    await mend();
  });

  it('--dry-run says what would change, and changes nothing', async () => {
    daemon.write('site.example.zone', whole(8).replace('    A 192.0.2.2\n', 'new A 192.0.2.3\n'));
    const { code, stdout, stderr } = await daemon.run('reload', '--dry-run');
    assert.equal(code, 0);
    assert.equal(stdout, 'site.example: serial 7 -> 8, +1 -1 records, www 2 -> 1 members\n');
    assert.match(stderr, /nothing was changed, still serving generation/);
    assert.equal(await rcode(daemon, 'new.site.example'), 3);
    daemon.write('site.example.zone', head(8));
    const lossy = await daemon.run('reload', '--dry-run');
    assert.equal(lossy.code, 1);
    assert.match(lossy.stdout, /40 names disappear/);
    assert.match(lossy.stderr, /a reload would be refused/);
    assert.equal((await daemon.status()).control.refused, undefined);
    await mend();
  });

  it('reload ZONE takes one zone and leaves a broken neighbour as it is', async () => {
    daemon.write('site.example.zone', whole(8) + 'more A 192.0.2.9\n');
    daemon.write('other.example.zone', 'this is no zone\n');
    assert.equal((await daemon.run('reload')).code, 1);
    const { code, stdout } = await daemon.run('reload', 'site.example');
    assert.deepEqual([code, stdout], [0, 'site.example: serial 7 -> 8, +1 -0 records\n']);
    assert.equal(await rcode(daemon, 'more.site.example'), 0);
    assert.equal(await rcode(daemon, 'www.other.example'), 0);
    const unknown = await daemon.run('reload', 'sit.example');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /there is no zone sit\.example\. \(did you mean "site\.example\."\?\)/);
    await mend();
  });

  it('a file that is still being written is waited for', async () => {
    const text = whole(8) + 'more A 192.0.2.9\n';
    let written = 400;
    daemon.write('site.example.zone', text.slice(0, written));
    const reloading = daemon.run('reload');
    while (written < text.length) {
      await sleep(50);
      written = Math.min(text.length, written + 25);
      daemon.write('site.example.zone', text.slice(0, written));
    }
    const { code, stdout } = await reloading;
    assert.deepEqual([code, stdout], [0, 'site.example: serial 7 -> 8, +1 -0 records\n']);
  });
});
