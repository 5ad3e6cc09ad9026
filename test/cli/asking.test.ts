// How verify and doctor ask: addresses as operators write them, EDNS options in our queries as our own parser
// reads them, cookies found again, and a line of progress that only a terminal sees.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { askTcp, parseServer, UdpAsker } from '../../src/cli/asking.ts';
import { startProgress } from '../../src/control/progress.ts';
import { readCookie, readResponse, writeQuery } from '../../src/health/dnsclient.ts';
import { readQuestion } from '../asked.ts';
import { freePort } from '../ports.ts';

describe('a server', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['192.0.2.1', '192.0.2.1 53'],
    ['@192.0.2.1', '192.0.2.1 53'],
    ['192.0.2.1#5353', '192.0.2.1 5353'],
    ['@192.0.2.1:5353', '192.0.2.1 5353'],
    ['2001:DB8::1#53', '2001:db8::1 53'],
    ['[2001:db8::1]:853', '2001:db8::1 853'],
    ['192.0.2.1#0', undefined],
    ['192.0.2.1#70000', undefined],
    ['ns1.example', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)}: ${expected ?? 'none'}`, () => {
      const server = parseServer(text);
      assert.equal(server && `${server.address} ${server.port}`, expected);
    });
  }
});

describe('a query', () => {
  const cookie = Buffer.from('0011223344556677', 'hex');
  it('has the options that it should have', () => {
    const options = (query: Buffer) =>
      readQuestion(query, 'udp')!.edns!.options.map(({ code, hex }) => `${code} ${hex}`);
    assert.deepEqual(options(writeQuery('a.example', 1)), []);
    assert.deepEqual(options(writeQuery('a.example', 1, 0, { cookie })), [`10 ${cookie.toString('hex')}`]);
    const both = writeQuery('a.example.', 28, 7, { cookie, subnet: '192.0.2.0/24' });
    assert.deepEqual(options(both), ['8 00011800c00002', `10 ${cookie.toString('hex')}`]);
    assert.deepEqual(options(writeQuery('.', 6, 7, { cookie, subnet: '2001:db8::/56' })), [
      '8 0002380020010db8000000',
      `10 ${cookie.toString('hex')}`,
    ]);
    assert.equal(readQuestion(writeQuery('a.example', 1, 0, { size: 4096 }), 'udp')!.edns!.size, 4096);
  });

  it('finds the cookie of its response, and no other', () => {
    const server = Buffer.concat([cookie, Buffer.alloc(16, 9)]);
    const message = writeQuery('a.example', 1, 0, { cookie: server });
    assert.deepEqual(readCookie(message, cookie), server);
    assert.equal(readCookie(message, Buffer.alloc(8, 1)), undefined);
    assert.equal(readCookie(writeQuery('a.example', 1, 0, { cookie }), cookie), undefined);
  });

  it('is no response, nor is what has none of its octets', () => {
    assert.equal(readResponse(writeQuery('a.example'))!.isResponse, false);
    assert.equal(readResponse(Buffer.alloc(5)), undefined);
  });
});

describe('asking', () => {
  const question = { name: 'a.example', type: 1 };

  it('takes the response to the question that was asked, whatever came before', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('message', (query, { port, address }) => {
      const reply = (message: Buffer, flags: number) => {
        message.writeUInt16BE(query.readUInt16BE(0));
        message[2] = flags;
        server.send(message, port, address);
      };
      reply(writeQuery('b.example'), 0x84);
      reply(writeQuery('a.example'), 0x04);
      reply(writeQuery('A.example'), 0x84);
    });
    const asker = await UdpAsker.open({ address: '127.0.0.1', port: server.address().port }, 2, 5000);
    const reply = await asker.ask(question);
    assert.ok('response' in reply);
    assert.equal(reply.response.question!.name, 'A.example');
    assert.equal(asker.source, '127.0.0.1');
    asker.close();
    server.close();
  });

  it('says in words why nothing came', async () => {
    const server = { address: '127.0.0.1', port: await freePort() };
    const asker = await UdpAsker.open(server, 1, 5000);
    const expected = { lost: `nobody listens on 127.0.0.1:${server.port}` };
    assert.deepEqual(await asker.ask(question), expected);
    asker.close();
    assert.deepEqual(await askTcp(server, question, 5000), expected);
  });
});

describe('progress', () => {
  const shown = (stream: { isTTY?: boolean; columns?: number }) => {
    let [text, time] = ['', 0];
    const write = (more: string) => (text += more);
    const progress = startProgress({ ...stream, write }, () => time);
    for (; time < 1000; time += 10) progress.show(`${time} of many`);
    progress.end();
    return text;
  };
  it('is a line that is written anew, and erased at the end', () => {
    const lines = shown({ isTTY: true, columns: 9 }).split('\r\x1b[K');
    assert.deepEqual([lines[0], lines[1], lines.at(-1)], ['', '300 of m', '']);
    assert.ok(lines.length < 12);
  });
  it('is nothing where there is no terminal', () => assert.equal(shown({}), ''));
});
