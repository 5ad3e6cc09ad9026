// The files of the page, read once when control starts: as they are written in src/page/, and the same in
// dist/page/. Nothing is made of them: what is served is what is in the repository.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { log } from '../log.ts';
import type { Pages } from './http.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads them; without them everything else goes on. */
export function readPages(folder = fileURLToPath(new URL('../page', import.meta.url))): Pages {
  const pages: Record<string, Pages[string]> = {};
  try {
    for (const file of readdirSync(folder).sort()) {
      const type = types[extname(file)];
      if (type === undefined) continue;
      pages[file === 'index.html' ? '/' : `/page/${file}`] = { type, body: readFileSync(join(folder, file)) };
    }
  } catch (error) {
    log.error(`the page cannot be shown: ${(error as Error).message}`);
  }
  return pages;
}
