// real loader thread repeatedly
import { Worker } from 'node:worker_threads';
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
const anon = () => Number(/Anonymous: +(\d+)/.exec(readFileSync('/proc/self/smaps_rollup','latin1'))[1]);
mkdirSync('/tmp/e2e-tree/scratch/z', { recursive: true });
writeFileSync('/tmp/e2e-tree/scratch/z/site.example.zone', '$TTL 30\n@ SOA ns1 h 1 1h 15m 1w 5m\n NS ns1\nns1 A 127.0.0.1\n');
const n = Number(process.argv[2]);
for (let i = 1; i <= n; i++) {
  await new Promise((r) => { const w = new Worker('/tmp/e2e-tree/dist/control/loaderthread.js', { workerData: { dir: '/tmp/e2e-tree/scratch/z', tablesDir: '/tmp/e2e-tree/scratch/z/t', known: [] } }); w.on('message', () => {}); w.on('error', (e) => console.log(e)); w.on('exit', r); });
  if (i % (n / 10) === 0) { globalThis.gc?.(); console.log(i, anon(), 'heap', process.memoryUsage().heapTotal >> 10, process.memoryUsage().heapUsed >> 10); }
}
