// The tcp probe: up when a connection comes about, with TLS if so told, and when what the server says, asked
// or unasked, contains what is expected. One deadline for all of it; the connection is cut at once.
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { probeBodyMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import { openPlain, openTls, routeOf, tlsWords } from './connections.ts';
import { octetsOf, parseOctetsOption, printOctets } from './octets.ts';
import type { Option, Options, Probe } from './probe.ts';
import { sourceOption } from './source.ts';
import { tlsConflict, tlsOf, tlsOptions, trustedContext } from './tls.ts';

const options = {
  tls: { kind: 'flag', default: false, what: 'whether to connect with TLS' },
  host: { kind: 'host', what: 'name of the certificate; default: the address itself' },
  ...tlsOptions,
  source: sourceOption,
  send: { kind: 'own', parse: parseOctetsOption, what: 'octets that are sent, such as PING\\r\\n' },
  expect: {
    kind: 'own',
    parse: parseOctetsOption,
    what: `octets that must occur in the first ${probeBodyMax} that the server sends`,
  },
} as const satisfies Record<string, Option>;

/** Options that mean nothing without TLS. */
const tlsKeys = ['host', ...Object.keys(tlsOptions)];
const defaults: Options = Object.fromEntries(
  Object.entries<Option>(tlsOptions).map(([key, option]) => [key, option.default]),
);

/** As much of what the server sent as a reason has room for. */
const shownMax = 40;

function conflict(chosen: Options): string | undefined {
  const idle =
    chosen.tls === true
      ? undefined
      : tlsKeys.find((key) => chosen[key] !== undefined && chosen[key] !== defaults[key]);
  if (idle !== undefined) return `${idle} is for TLS: add tls: true`;
  if (chosen.send !== undefined && chosen.expect === undefined) {
    return 'what is sent shows nothing unless something is expected: add expect';
  }
  return chosen.tls === true ? tlsConflict(chosen) : undefined;
}

/** A tcp probe that trusts what a secure context trusts. */
export function tcpTrusting(context: () => SecureContext): Probe {
  return {
    options,
    defaultPort: undefined,
    conflict,
    run(address, port, chosen, deadlineMs, onStep) {
      const attempt = new Attempt(address, port, deadlineMs, onStep);
      const opened = (open: Socket) => talk(attempt, open, chosen);
      const route = routeOf(address, port, chosen);
      let socket: Socket;
      if (chosen.tls === true) {
        socket = openTls(attempt, route, tlsOf(chosen, address, [], context), opened);
      } else {
        socket = openPlain(attempt, route, opened);
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
    if (size === 0) attempt.watch?.('first octet');
    const from = Math.max(0, size - sought.length + 1);
    size += chunk.copy(start, size);
    if (start.subarray(from, size).includes(sought)) attempt.ok(`${words} received`);
    else if (size === probeBodyMax) attempt.fail(`first ${probeBodyMax} octets do not contain ${words}`);
  });
  socket.on('end', () => {
    const sent =
      size === 0 ? 'nothing was sent' : `got "${printOctets(start.subarray(0, Math.min(size, shownMax)))}"`;
    attempt.watch?.('closed', 'by the server');
    attempt.fail(`connection closed, no ${words}: ${sent}`);
  });
  if (send === undefined) return;
  socket.write(octetsOf(String(send))!);
  attempt.watch?.('sent', `"${send}"`);
}

/** Connects, and if so told sends and looks at what comes; trusts the authorities that Node trusts. */
export const tcp = tcpTrusting(trustedContext);
