// The control socket's life: opened where flags or the YAML say, tried again where that fails, removed at the
// end. Health and answers go on without it.
import { lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { stopTimeoutMs } from '../limits.ts';
import { log } from '../log.ts';
import { resolvePaths } from '../paths.ts';
import { openControlSocket, type Routes } from './admin.ts';

export type SocketSettings = { readonly mode: number; readonly group?: string; readonly path?: string };

export class ControlSocket {
  /** Where it is. */
  readonly path: string;
  /** What is not as the operator wished. */
  readonly warnings: string[] = [];
  /** A link at the usual place, so that commands find a socket which the YAML has put elsewhere. */
  readonly #link: string | undefined;
  readonly #settings: SocketSettings;
  readonly #routes: Routes;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `given` is the path that the server resolved; a path in the YAML wins over a default one only. */
  constructor(given: string, settings: SocketSettings, routes: Routes) {
    const isDefault = (process.env.STEERDNS_CONTROL ?? '') === '' && given === resolvePaths({}).controlPath;
    this.path = settings.path !== undefined && isDefault ? settings.path : given;
    this.#link = this.path === given ? undefined : given;
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
      this.#makeLink();
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
    if (this.#link !== undefined) rmSync(this.#link, { force: true });
    server.closeIdleConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      setTimeout(() => server.closeAllConnections(), stopTimeoutMs / 2).unref();
    });
  }

  #makeLink(): void {
    if (this.#link === undefined) return;
    mkdirSync(dirname(this.#link), { recursive: true });
    const there = lstatSync(this.#link, { throwIfNoEntry: false });
    if (there?.isSymbolicLink() === true || there?.isSocket() === true) rmSync(this.#link);
    symlinkSync(this.path, this.#link);
  }
}
