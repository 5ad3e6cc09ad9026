// The loader: a thread that loads once and ends, so that a big zone neither delays a probe nor stays in
// memory. Its parent is loader.ts, which asks by one message and is told the settings as soon as they are
// known and everything at the end.
import { parentPort } from 'node:worker_threads';
import type { ServerConfig } from '../config.ts';
import { type Loaded, type LoadRequest, loadAll } from './load.ts';
import { startProgress } from './progress.ts';
import { waitForWriters } from './writers.ts';

export type FromLoader =
  | { readonly kind: 'settings'; readonly server: ServerConfig }
  | { readonly kind: 'loaded'; readonly loaded: Loaded };

function post(message: FromLoader, transfer: ArrayBuffer[]): void {
  parentPort!.postMessage(message, transfer);
}

parentPort!.once('message', (request: LoadRequest) => {
  waitForWriters(request.dir);
  const progress = startProgress(); // of a server that somebody has started by hand
  const loaded = loadAll(request, (server) => post({ kind: 'settings', server }, []), progress.show);
  progress.end();
  const contents = new Set(loaded.sources.map(({ content }) => content.buffer as ArrayBuffer));
  post({ kind: 'loaded', loaded }, [...contents]);
});
