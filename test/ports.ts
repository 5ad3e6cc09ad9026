// Ports for servers under test, free for UDP and TCP on every address asked for. Taken from below the range
// from which the kernel gives ports to clients (32768 up), so that no socket of another test slips in
// between.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const attempts = 50;
const first = 12_000;
const count = 20_000;

/** A port that is free on these addresses at this moment. */
export async function freePort(addresses: readonly string[] = ['127.0.0.1']): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = first + Math.floor(Math.random() * count);
    const free = await Promise.all(
      addresses.flatMap((address) => [isFreeForUdp(address, port), isFreeForTcp(address, port)]),
    );
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no free port in ${attempts} attempts`);
}

function isFreeForUdp(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, address, () => socket.close(() => resolve(true)));
  });
}

function isFreeForTcp(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
