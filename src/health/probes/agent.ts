// The agent probe: HAProxy's agent-check protocol. A program beside the server says how it is, in one line as
// soon as somebody connects: `up 75%`, `drain`, `down #disk full`. Unlike with HAProxy an agent that does not
// answer is a failure, because with this check alone nothing else would notice that the machine is gone.
import type { Socket } from 'node:net';
import { probeTextMax } from '../../limits.ts';
import { Attempt } from './attempt.ts';
import { openPlain, routeOf } from './connections.ts';
import { octetsOf, parseOctetsOption, printOctets } from './octets.ts';
import type { Option, Options, Probe } from './probe.ts';
import { sourceOption } from './source.ts';
import { obey, parseStatement } from './statement.ts';

const options = {
  send: {
    kind: 'own',
    parse: parseOctetsOption,
    what: 'octets that the agent is sent first, such as web1\\n',
  },
  source: sourceOption,
} as const satisfies Record<string, Option>;

/** As much of a line that says nothing as a reason has room for. */
const shownMax = 40;

function listen(attempt: Attempt, socket: Socket, { send }: Options): void {
  const line = Buffer.alloc(probeTextMax);
  let size = 0;
  attempt.waitsFor = 'line from the agent';
  socket.on('data', (chunk: Buffer) => {
    if (size === probeTextMax) return;
    if (size === 0) attempt.watch?.('first octet');
    size += chunk.copy(line, size);
    const text = line.toString('utf8', 0, size);
    // HAProxy ends a line at either.
    if (/^\s*\S[^\r\n]*[\r\n]/.test(text)) judge(attempt, line.subarray(0, size));
    else if (size === probeTextMax) attempt.fail(`first ${probeTextMax} octets have no end of a line`);
  });
  socket.on('end', () => {
    if (size === 0) attempt.fail('connection closed, the agent said nothing');
    else judge(attempt, line.subarray(0, size));
  });
  if (send === undefined) return;
  socket.write(octetsOf(String(send))!);
  attempt.watch?.('sent', `"${send}"`);
}

function judge(attempt: Attempt, line: Buffer): void {
  attempt.watch?.('said', `"${printOctets(line)}"`);
  const statement = parseStatement(line.toString());
  if (statement !== undefined) obey(attempt, statement);
  else attempt.fail(`the agent says "${printOctets(line.subarray(0, shownMax))}", which is no state`);
}

/** Believes an agent. */
export const agent: Probe = {
  options,
  defaultPort: undefined,
  run(address, port, chosen, deadlineMs, onStep) {
    const attempt = new Attempt(address, port, deadlineMs, onStep);
    const socket = openPlain(attempt, routeOf(address, port, chosen), (open) =>
      listen(attempt, open, chosen),
    );
    attempt.cut = () => socket.destroy();
    socket.on('error', (error) => attempt.broke(error));
    return attempt.result;
  },
};
