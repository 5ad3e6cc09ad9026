// Starts the loader thread and waits for what it loaded. A loader that dies (a zone too big for the memory
// there is) or hangs is a refused reload, never a dead control process.
import type { Worker } from 'node:worker_threads';
import type { ServerConfig } from '../config.ts';
import { loadTimeoutMs } from '../limits.ts';
import { besideModule, spawnWorker } from '../spawn.ts';
import type { Loaded, LoadRequest } from './load.ts';
import type { FromLoader } from './loaderthread.ts';

/** A loader that was started ahead of its request. */
let prepared: Worker | undefined;

/** Starts the loader of the next load now: it can read its modules while nobody knows yet what to load. */
export function prepareLoader(): void {
  prepared ??= startLoader().on('error', () => {}); // what is wrong is heard when something is to be loaded
}

function startLoader(): Worker {
  return spawnWorker(besideModule(import.meta.url, './loaderthread.ts'), {});
}

/**
 * Loads in a thread of its own, as loadAll() does; rejects with an Error whose message is for the operator.
 */
export function loadInThread(
  request: LoadRequest,
  onSettings: (server: ServerConfig) => void = () => {},
): Promise<Loaded> {
  const thread = prepared !== undefined && prepared.threadId >= 0 ? prepared : startLoader();
  prepared = undefined;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void thread.terminate();
      reject(new Error(`loading took more than ${loadTimeoutMs / 1000} s and was given up`));
    }, loadTimeoutMs);
    thread.on('message', (message: FromLoader) => {
      if (message.kind === 'loaded') resolve(message.loaded);
      else onSettings(message.server);
    });
    thread.once('error', (error: NodeJS.ErrnoException) => {
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      reject(outOfMemory ? new Error('loading needs more memory than there is') : error);
    });
    thread.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the loader ended with code ${code}`)); // of no effect once it is resolved
    });
    thread.postMessage(request);
  });
}
