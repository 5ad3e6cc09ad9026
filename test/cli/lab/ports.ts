// A port for a lab in a test: free on every address that the lab uses, when it was looked at.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A TCP port that nobody uses on any address (0.0.0.0 and :: are asked at once where there is IPv6). */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
