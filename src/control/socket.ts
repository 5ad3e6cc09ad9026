// The control socket's life: opened where the server says, tried again where that fails, removed at the
// end. Health and answers go on without it.
import type { Server } from 'node:http';
import { stopTimeoutMs } from '../limits.ts';
import { log } from '../log.ts';
import { openControlSocket, type Routes } from './admin.ts';

export type SocketSettings = { readonly mode: number; readonly group?: string };

export class ControlSocket {
  /** Where it is. */
  readonly path: string;
  /** What is not as the operator wished. */
  readonly warnings: string[] = [];
  readonly #settings: SocketSettings;
  readonly #routes: Routes;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(path: string, settings: SocketSettings, routes: Routes) {
    this.path = path;
    this.#settings = settings;
    this.#routes = routes;
  }

  /** Opens it, now or, where that fails, as soon as it can be; retries every `retryMs`. */
  async open(retryMs: number): Promise<void> {
    const warn = (what: string) => {
      this.warnings.push(what);
      log.warn(what);
    };
    try {
      const server = await openControlSocket(this.path, this.#settings, this.#routes, warn);
      if (this.#isClosed) server.close();
      this.#server = server;
      log.debug({ path: this.path }, 'control socket open');
    } catch (error) {
      log.error({ path: this.path }, `no control socket: ${(error as Error).message}`);
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.open(retryMs), retryMs);
    }
  }

  /** Closes and removes it; those who are waiting for an answer get it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const server = this.#server;
    if (server === undefined) return;
    server.closeIdleConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      setTimeout(() => server.closeAllConnections(), stopTimeoutMs / 2).unref();
    });
  }
}
