// The site that tests of the control process load: one balanced name with a member that is there and one that
// is not. Each test gets fresh folders, and control processes that end with it.
import assert from 'node:assert';
import type { Server } from 'node:http';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { ReloadReport } from '../../src/control/reload.ts';
import type { Status } from '../../src/control/status.ts';
import type { Publish, Start } from '../../src/serve/channel.ts';
import { ask, endServer, FakeServer, Folders, webServer } from './fakeserver.ts';

const fast = 'interval: 200ms, timeout: 150ms, fall: 1, rise: 1';

/** Text of a zone file whose name `www` has these addresses. */
export function zoneText(serial: number, addresses: readonly string[]): string {
  const records = addresses.map((address) => `www 60 A ${address}\n`).join('');
  return `$TTL 300\n@ SOA ns1 mail ${serial} 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n${records}`;
}

/** Says whether an address stands in an answer-set table of the publication. */
export function holds({ sets }: Publish, address: string): boolean {
  const octets = Buffer.from(address.split('.').map(Number));
  return sets.some(({ table }) => Buffer.from(table).includes(octets));
}

/** The site of one test file; its addresses are that file's own, as files run side by side. */
export class Site {
  readonly there: string;
  readonly absent: string;
  folders = new Folders();
  port = 0;
  #web1: Server | undefined;
  #running: FakeServer[] = [];

  /** Registers the hooks of the test file that makes it. */
  constructor(there: string, absent: string) {
    this.there = there;
    this.absent = absent;
    this.folders.remove();
    before(async () => {
      ({ server: this.#web1, port: this.port } = await webServer(there));
    });
    after(() => endServer(this.#web1!));
    beforeEach(() => {
      this.folders = new Folders();
    });
    afterEach(async () => {
      await Promise.all(this.#running.map((server) => server.stop()));
      this.#running = [];
      this.folders.remove();
    });
  }

  /** Starts a control process. */
  start(options: Partial<Start> = {}): FakeServer {
    const server = new FakeServer(this.folders, options);
    this.#running.push(server);
    return server;
  }

  /** Starts a control process and waits until it is ready. */
  async started(options: Partial<Start> = {}): Promise<FakeServer> {
    const server = this.start(options);
    await server.heard('ready');
    return server;
  }

  get yaml(): string {
    const check = `{ type: http, port: ${this.port}, ${fast} }`;
    return `checks:\n  web: ${check}\nbalance:\n  www: { check: web, ttl: { stable: 30s } }\n`;
  }

  write(serial = 7, addresses: readonly string[] = [this.there, this.absent]): void {
    this.folders.write('steerdns.yaml', 'listen: [127.0.0.1:5399]\nworkers: 2\n');
    this.folders.write('site.example.zone', zoneText(serial, addresses));
    this.folders.write('site.example.yaml', this.yaml);
  }

  async status(): Promise<Status> {
    const { status, body } = await ask(this.folders.socket, 'GET', '/status');
    assert.equal(status, 200);
    return body as Status;
  }

  async reload(): Promise<{ status: number; report: ReloadReport }> {
    const { status, body } = await ask(this.folders.socket, 'POST', '/reload');
    return { status, report: body as ReloadReport };
  }
}
