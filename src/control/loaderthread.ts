// The loader: a thread that loads once and ends, so that a big zone neither delays a probe nor stays in memory. Its
// parent is loader.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { type LoadRequest, loadAll } from './load.ts';

const loaded = loadAll(workerData as LoadRequest);
const contents = new Set(loaded.sources.map(({ content }) => content.buffer as ArrayBuffer));
parentPort!.postMessage(loaded, [...contents]);
