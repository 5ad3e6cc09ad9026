// What depends on the client, over real sockets: `sticky` gives each network of clients one answer, the same
// over UDP on both engines and over TCP and on two servers; and who is on the list is told how a pool is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { libcFault } from '../../src/serve/libc.ts';
import { Daemon } from '../daemon.ts';
import { types } from '../rows.ts';
import { missing } from '../tools.ts';
import { startToys, stopToys, type Toy } from '../toys.ts';
import { until } from '../until.ts';
import { decode, encode } from '../wire.ts';

const members = ['127.0.0.21', '127.0.0.22', '127.0.0.23', '127.0.0.24'];
const zone = `$TTL 30
@ SOA ns1 hostmaster 1 1h 15m 1w 5m
  NS ns1
ns1 A 127.0.0.1
${members.map((address) => `www A ${address}`).join('\n')}
`;
const yaml = (port: number): string => `checks:
  web: { type: http, port: ${port}, path: /healthz, interval: 500ms, timeout: 500ms, recheck: 100ms, fall: 2 }
balance:
  www:
    check: web
    policy: sticky
    members:
${members.map((address, i) => `      ${address}: { name: web${i + 1} }`).join('\n')}
`;
const settings = 'explain-to: [127.0.0.0/8]\nclient-subnet: on\n';

/** Clients of this machine, each in a network of its own. */
const clients = Array.from({ length: 24 }, (_, i) => `127.77.${i}.5`);

type Answer = { readonly address: string; readonly told: string; readonly scope: number | undefined };

function read(octets: Uint8Array): Answer {
  const { answer, edns } = decode(octets);
  const dataOf = (code: number) => edns?.options.find((option) => option.code === code)?.data;
  const told = Buffer.from(dataOf(15) ?? []).toString('utf8', 2);
  return { address: answer.map(({ data }) => data).join(), told, scope: dataOf(8)?.[3] };
}

const question = (subnet?: readonly number[]): Uint8Array =>
  encode({
    name: 'www.site.example.',
    type: types.A!,
    edns: { size: 1232, options: subnet === undefined ? [] : [{ code: 8, data: subnet }] },
  });

async function askUdp(port: number, from: string, octets = question()): Promise<Answer> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    const received = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    socket.send(octets, port, '127.0.0.1');
    return read(new Uint8Array((await received)[0] as Buffer));
  } finally {
    socket.close();
  }
}

async function askTcp(port: number, from: string): Promise<Answer> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.setTimeout(5000, () => socket.destroy(new Error('no response over TCP')));
  const octets = question();
  socket.write(Buffer.concat([Uint8Array.of(0, octets.length), octets]));
  let received = Buffer.alloc(0);
  try {
    for await (const data of socket) {
      received = Buffer.concat([received, data as Buffer]);
      if (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) break;
    }
    return read(new Uint8Array(received.subarray(2)));
  } finally {
    socket.destroy();
  }
}

describe('clients', { timeout: 60_000 }, () => {
  let toys: Toy[];
  const daemons: Daemon[] = [];
  before(async () => {
    toys = await startToys(members);
    const files = {
      'steerdns.yaml': settings,
      'site.example.zone': zone,
      'site.example.yaml': yaml(toys[0]!.port),
    };
    for (const engine of libcFault === undefined ? ['batch', 'dgram'] : ['dgram']) {
      daemons.push(await Daemon.start({ files, flags: ['--engine', engine, '--workers', '2'] }));
    }
  });
  after(async () => {
    for (const daemon of daemons) await daemon.close();
    await stopToys(toys ?? []);
  });

  it('have one answer each, over UDP and TCP, from every worker of every server', async () => {
    const given = new Set<string>();
    for (const from of clients) {
      const answers = new Set<string>();
      for (const { port } of daemons) {
        for (let i = 0; i < 5; i++) answers.add((await askUdp(port, from)).address);
        answers.add((await askTcp(port, from)).address);
      }
      assert.equal(answers.size, 1, `${from}: ${[...answers].join(' ')}`);
      given.add([...answers][0]!);
    }
    assert.ok(given.size >= 3, `24 networks of clients, ${given.size} answers`);
  });

  it('are known by their subnet where a resolver names it, and the scope says so', async () => {
    for (const { port } of daemons) {
      for (const [i, from] of clients.entries()) {
        const other = clients[(i + 7) % clients.length]!;
        const octets = Uint8Array.from(other.split('.').slice(0, 3).map(Number));
        const answer = await askUdp(port, from, question([0, 1, 24, 0, ...octets]));
        assert.equal(answer.scope, 24);
        assert.equal(answer.address, (await askUdp(port, other)).address);
        const hidden = await askUdp(port, from, question([0, 1, 0, 0]));
        assert.deepEqual([hidden.scope, hidden.address], [0, (await askUdp(port, from)).address]);
      }
    }
  });

  it('on the list are told how the pool is, and those who were not with the one that left stay', async () => {
    const [{ port }] = daemons as [Daemon];
    const beforeIt = await Promise.all(clients.map((from) => askUdp(port, from)));
    assert.equal(beforeIt[0]!.told, 'pool www: 4 of 4 up');
    await toys[2]!.behave('failing');
    await until('web3 has left', 10_000, async () =>
      /web3 down/.test((await askUdp(port, clients[0]!)).told),
    );
    const afterIt = await Promise.all(clients.map((from) => askUdp(port, from)));
    for (const [i, { address, told }] of afterIt.entries()) {
      assert.match(told, /^pool www: 3 of 4 up, web3 down \d+ s: .*503/);
      if (beforeIt[i]!.address !== members[2]) assert.equal(address, beforeIt[i]!.address, clients[i]);
      assert.notEqual(address, members[2]);
    }
  });

  it('with plain dig see it', { skip: missing('dig') }, async () => {
    const args = ['@127.0.0.1', '-p', String(daemons[0]!.port), 'www.site.example', 'A'];
    const { stdout } = await promisify(execFile)('dig', args);
    assert.match(stdout, /^; EDE: 0 \(Other\): \(pool www: 3 of 4 up, web3 down \d+ s: .*503/m);
    console.log(stdout.split('\n').find((line) => line.startsWith('; EDE')));
  });
});
