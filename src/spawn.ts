// One way to start a thread and one way to start a child, from source (tsx) and from dist alike. Node 20
// cannot start a worker from a .ts file even under tsx, so a small bootstrap registers tsx first.
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** The file beside `from` in the form that runs now: `.ts` from source, `.js` from dist. */
export function besideModule(from: string, path: string): URL {
  return new URL(from.endsWith('.ts') ? path : path.replace(/\.ts$/, '.js'), from);
}

/** Starts a worker thread from a module of ours; `module` is a URL made by besideModule(). */
export function spawnWorker(module: URL, options: WorkerOptions): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(module, options);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `register(); return import(${JSON.stringify(module.href)});`;
  const code = `import(${tsx}).then(({ register }) => { ${start} })`;
  return new Worker(code, { ...options, eval: true, execArgv: [] });
}

/** Forks `main.ts` (or main.js) with the given arguments and a structured-clone channel. */
export function spawnMain(args: readonly string[], stdio: StdioOptions): ChildProcess {
  const main = besideModule(import.meta.url, './main.ts');
  return fork(main, [...args], { serialization: 'advanced', stdio });
}
