// The version of the package that runs, read from its package.json, one folder above src/ and dist/ alike.
import { readFileSync } from 'node:fs';

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}

export const version: string = readVersion();
