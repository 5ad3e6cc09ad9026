// How many TCP connections there are descriptors for. Node has raised the soft limit to the hard one; what is
// open already and what the server needs for a reload, a new thread or a new control process comes first, so
// that a flood of connections is refused its descriptors and nobody else is.
import { readdirSync, readFileSync } from 'node:fs';
import { descriptorsPerThread, descriptorsReserved, tcpAcceptors, tcpConnectionsMax } from '../limits.ts';

/** Fewer than this, and the next one pushes out a client that has just asked. */
const connectionsMin = 16;

/** For a server about to start so many threads and TCP sockets; with a warning where descriptors are few. */
export function connectionsThereIsRoomFor(
  threads: number,
  sockets: number,
): { connectionsMax: number; warnings: string[] } {
  const limit = descriptorLimit();
  const free =
    limit - openDescriptors() - descriptorsReserved - threads * descriptorsPerThread - sockets * tcpAcceptors;
  const connectionsMax = Math.min(tcpConnectionsMax, Math.max(connectionsMin, free));
  const warnings =
    connectionsMax < tcpConnectionsMax
      ? [`${limit} descriptors are room for ${connectionsMax} TCP connections: raise the limit (LimitNOFILE)`]
      : [];
  return { connectionsMax, warnings };
}

/** RLIMIT_NOFILE, or Infinity where the system does not say. */
function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
