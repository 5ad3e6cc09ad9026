// Members for end-to-end tests: real HTTP servers on addresses of the loopback that can refuse, fall silent,
// fail and come back. All of a group share one port, as the members of a pool do.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { freePort } from './ports.ts';

/**
 * How a member behaves: `refusing` has no listener, `silent` accepts and never answers, `failing` says 503.
 */
export type Behaviour = 'well' | 'refusing' | 'silent' | 'failing';

export class Toy {
  readonly address: string;
  readonly port: number;
  /** Requests that came, answered or not. */
  requests = 0;
  #behaviour: Behaviour = 'refusing';
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #unanswered = new Set<ServerResponse>();

  constructor(address: string, port: number) {
    this.address = address;
    this.port = port;
  }

  get behaviour(): Behaviour {
    return this.#behaviour;
  }

  /** Changes how it behaves; resolves when it does. */
  async behave(behaviour: Behaviour): Promise<void> {
    this.#behaviour = behaviour;
    if (behaviour === 'refusing') await this.#close();
    else if (this.#server === undefined) await this.#open();
    if (behaviour === 'well' || behaviour === 'failing') {
      for (const response of this.#unanswered) this.#answer(response);
      this.#unanswered.clear();
    }
  }

  async #open(): Promise<void> {
    const server = createServer((_request, response) => {
      this.requests += 1;
      if (this.#behaviour === 'silent') this.#unanswered.add(response);
      else this.#answer(response);
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.address, resolve);
    });
    this.#server = server;
  }

  #answer(response: ServerResponse): void {
    response.writeHead(this.#behaviour === 'well' ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(`${this.#behaviour}\n`);
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#unanswered.clear();
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Starts one well-behaved member per address, all on the same free port. */
export async function startToys(addresses: readonly string[]): Promise<Toy[]> {
  const port = await freePort(addresses);
  const toys = addresses.map((address) => new Toy(address, port));
  for (const toy of toys) await toy.behave('well');
  return toys;
}

/** Ends them. */
export async function stopToys(toys: readonly Toy[]): Promise<void> {
  for (const toy of toys) await toy.behave('refusing');
}
