// The tcp probe: up when a connection comes about; nothing is sent, and it is cut at once.
import { connect } from 'node:net';
import { Attempt } from './attempt.ts';
import type { Options, Probe, ProbeResult } from './probe.ts';

function run(address: string, port: number, _options: Options, deadlineMs: number): Promise<ProbeResult> {
  const attempt = new Attempt(address, port, deadlineMs);
  const socket = connect({ host: address, port });
  attempt.cut = () => socket.destroy();
  socket.on('connect', () => attempt.ok('connected'));
  socket.on('error', (error) => attempt.broke(error));
  return attempt.result;
}

/** Connects and looks no further. */
export const tcp: Probe = { options: {}, defaultPort: undefined, run };
