// The lab's web servers: small enough to be killed at will, real enough to be probed. Each has the addresses
// that zones/site.example.zone gives it, answers /healthz and / with its name, and misbehaves as it is told.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What can be done to a web server. */
export const actions = ['kill', 'slow', 'fail', 'revive'] as const;
export type Action = (typeof actions)[number];

/** What a web server does after an action: serve, refuse connections, answer after slowMs, answer 503. */
export type Behaviour = 'up' | 'killed' | 'slow' | 'failing';

const behaviourAfter: Readonly<Record<Action, Behaviour>> = {
  kill: 'killed',
  slow: 'slow',
  fail: 'failing',
  revive: 'up',
};

/** How long a slow one takes: longer than any sensible probe waits. */
const slowMs = 10_000;

/** One web server as it is seen from outside. */
export type Toy = {
  readonly name: string;
  /** The first is its own; others are those that this machine has. */
  readonly addresses: readonly string[];
  readonly behaviour: Behaviour;
  /** HTTP requests it has received. */
  readonly hits: number;
};

/** As the zone has them. Only the IPv4 addresses are needed: many machines have no IPv6. */
const plan: readonly { readonly name: string; readonly addresses: readonly string[] }[] = [
  { name: 'web1', addresses: ['127.0.0.11', '::1'] },
  { name: 'web2', addresses: ['127.0.0.12'] },
  { name: 'web3', addresses: ['127.0.0.13'] },
  { name: 'web4', addresses: ['127.0.0.14'] },
];

/** Names of all web servers. */
export const toyNames: readonly string[] = plan.map(({ name }) => name);

export class Toys {
  readonly #toys: WebServer[];
  /** What is not as it should be and can be lived with. */
  readonly notes: string[] = [];

  private constructor(port: number) {
    this.#toys = plan.map(({ name }) => new WebServer(name, port));
  }

  /** Starts all of them, or none and a sentence that says why. */
  static async start(port: number): Promise<Toys | { readonly fault: string }> {
    const toys = new Toys(port);
    for (const [index, { addresses }] of plan.entries()) {
      for (const address of addresses) {
        const fault = await toys.#toys[index]!.open(address);
        if (fault === undefined) continue;
        const sentence = listenFault(toyNames[index]!, address, port, fault);
        if (address === addresses[0]) {
          toys.stop();
          return { fault: sentence };
        }
        toys.notes.push(sentence);
      }
    }
    return toys;
  }

  /** Makes one behave otherwise; a sentence where that is impossible. */
  async act(action: Action, name: string): Promise<string | undefined> {
    const toy = this.#toys.find((candidate) => candidate.name === name);
    return toy === undefined
      ? `there is no web server ${name}, only ${toyNames.join(', ')}`
      : toy.turn(behaviourAfter[action]);
  }

  list(): Toy[] {
    return this.#toys.map(({ name, addresses, behaviour, hits }) => ({
      name,
      addresses: [...addresses],
      behaviour,
      hits,
    }));
  }

  stop(): void {
    for (const toy of this.#toys) toy.close();
  }
}

class WebServer {
  readonly name: string;
  readonly addresses: string[] = [];
  behaviour: Behaviour = 'up';
  hits = 0;
  readonly #port: number;
  #listeners: Server[] = [];

  constructor(name: string, port: number) {
    this.name = name;
    this.#port = port;
  }

  /** Listens on one more address; the system's error where that fails. */
  async open(address: string): Promise<NodeJS.ErrnoException | undefined> {
    const fault = await this.#listen(address);
    if (fault === undefined) this.addresses.push(address);
    return fault;
  }

  async turn(behaviour: Behaviour): Promise<string | undefined> {
    const wasKilled = this.behaviour === 'killed';
    this.behaviour = behaviour;
    if (behaviour === 'killed') this.close();
    if (!wasKilled || behaviour === 'killed') return undefined;
    for (const address of this.addresses) {
      const fault = await this.#listen(address);
      if (fault === undefined) continue;
      this.close();
      this.behaviour = 'killed';
      return listenFault(this.name, address, this.#port, fault);
    }
    return undefined;
  }

  close(): void {
    for (const listener of this.#listeners) {
      listener.close();
      listener.closeAllConnections();
    }
    this.#listeners = [];
  }

  #listen(address: string): Promise<NodeJS.ErrnoException | undefined> {
    const server = createServer((request, response) => this.#respond(request, response));
    this.#listeners.push(server);
    return new Promise((resolve) => {
      server.once('error', resolve);
      server.listen({ host: address, port: this.#port, ipv6Only: true }, () => resolve(undefined));
    });
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    this.hits++;
    const respond = (): void => {
      if (response.destroyed) return;
      const status = this.behaviour === 'failing' ? 503 : isKnown(request.url) ? 200 : 404;
      response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
      response.end(status === 200 ? `${this.name}\n` : `${this.name}: ${status}\n`);
    };
    if (this.behaviour !== 'slow') {
      respond();
      return;
    }
    const timer = setTimeout(respond, slowMs);
    response.once('close', () => clearTimeout(timer));
  }
}

function isKnown(url: string | undefined): boolean {
  return url === '/' || url === '/healthz';
}

/** What is wrong with an address, and what to do. */
function listenFault(name: string, address: string, port: number, error: NodeJS.ErrnoException): string {
  const place = `${address} port ${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${name} needs ${place}, which another program has: end that (ss -ltnp shows it), or use --port`;
    case 'EADDRNOTAVAIL':
      return `this machine has no ${address} for ${name}: on macOS, sudo ifconfig lo0 alias ${address} up`;
    case 'EACCES':
      return `${name} may not use ${place}: take a --port above 1023`;
    default:
      return `${name} cannot use ${place}: ${error.message}`;
  }
}
