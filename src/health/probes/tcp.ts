// The tcp probe: up when a connection comes about, with TLS if so told, and when what the server says, asked
// or unasked, contains what is expected. One deadline for all of it; the connection is cut at once.
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { probeBodyMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import { openPlain, openTls, tlsWords, trustedContext } from './connections.ts';
import { octetsOf, parseOctetsOption, printOctets } from './octets.ts';
import { splitHost } from './options.ts';
import type { Option, Options, Probe } from './probe.ts';

const options = {
  tls: { kind: 'flag', default: false, what: 'whether to connect with TLS' },
  host: { kind: 'host', what: 'name of the certificate; default: the address itself' },
  'verify-tls': { kind: 'flag', default: true, what: 'whether the certificate must be good' },
  send: { kind: 'own', parse: parseOctetsOption, what: 'octets that are sent, such as PING\\r\\n' },
  expect: {
    kind: 'own',
    parse: parseOctetsOption,
    what: `octets that must occur in the first ${probeBodyMax} that the server sends`,
  },
} as const satisfies Record<string, Option>;

/** As much of what the server sent as a reason has room for. */
const shownMax = 40;

function conflict(chosen: Options): string | undefined {
  if (chosen.tls !== true && (chosen.host !== undefined || chosen['verify-tls'] === false)) {
    return 'host and verify-tls are for TLS: add tls: true';
  }
  if (chosen.send !== undefined && chosen.expect === undefined) {
    return 'what is sent shows nothing unless something is expected: add expect';
  }
  return undefined;
}

/** A tcp probe that trusts what a secure context trusts. */
export function tcpTrusting(context: () => SecureContext): Probe {
  return {
    options,
    defaultPort: undefined,
    conflict,
    run(address, port, chosen, deadlineMs) {
      const attempt = new Attempt(address, port, deadlineMs);
      const opened = (open: Socket) => talk(attempt, open, chosen);
      let socket: Socket;
      if (chosen.tls === true) {
        const name = splitHost((chosen.host as string | undefined) ?? address).name;
        const tls = { name, verify: chosen['verify-tls'] !== false, protocols: [], context: context() };
        socket = openTls(attempt, address, port, tls, opened);
      } else {
        socket = openPlain(address, port, opened);
      }
      attempt.cut = () => socket.destroy();
      socket.on('error', (error) => attempt.broke(error, tlsWords(error)));
      return attempt.result;
    },
  };
}

function talk(attempt: Attempt, socket: Socket, { tls, send, expect }: Options): void {
  if (expect === undefined) {
    attempt.ok(tls === true ? 'connected with TLS' : 'connected');
    return;
  }
  const sought = octetsOf(String(expect))!;
  const words = `"${String(expect)}"`;
  const start = Buffer.alloc(probeBodyMax);
  let size = 0;
  attempt.waitsFor = words;
  socket.on('data', (chunk: Buffer) => {
    if (size === probeBodyMax) return;
    const from = Math.max(0, size - sought.length + 1);
    size += chunk.copy(start, size);
    if (start.subarray(from, size).includes(sought)) attempt.ok(`${words} received`);
    else if (size === probeBodyMax) attempt.fail(`first ${probeBodyMax} octets do not contain ${words}`);
  });
  socket.on('end', () => {
    const sent =
      size === 0 ? 'nothing was sent' : `got "${printOctets(start.subarray(0, Math.min(size, shownMax)))}"`;
    attempt.fail(`connection closed, no ${words}: ${sent}`);
  });
  if (send !== undefined) socket.write(octetsOf(String(send))!);
}

/** Connects, and if so told sends and looks at what comes; trusts the authorities that Node trusts. */
export const tcp = tcpTrusting(trustedContext);
