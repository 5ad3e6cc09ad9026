// A headless Chromium for the tests of the page, and a watch on what a page does: errors, violations of its
// policy, and requests that leave its origin are faults whatever the test looks at.
import assert from 'node:assert/strict';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { find } from '../tools.ts';

export type Look = Pick<BrowserContextOptions, 'colorScheme' | 'viewport'>;

/** What a page did that it should not have done. */
export type Watch = { readonly faults: readonly string[]; readonly requests: readonly string[] };

const wide = { width: 1280, height: 900 };

/** Starts a browser; the tests run as root, where Chromium has no sandbox. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: find('chromium')!, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Opens the page in a context of its own, with the token typed in. */
export async function openPage(
  browser: Browser,
  url: string,
  token: string | undefined,
  look: Look = {},
): Promise<{ readonly page: Page; readonly watch: Watch }> {
  const context = await browser.newContext({ viewport: wide, colorScheme: 'light', ...look });
  const page = await context.newPage();
  const [faults, requests]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A connection that is refused while the server is down is what the page is for.
    const isNetwork = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isNetwork) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    requests.push(request.url());
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`request: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.exposeFunction('noteFault', (fault: string) => void faults.push(fault));
  // tsx calls this where a function has a name.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.addInitScript(() => {
    const { noteFault } = globalThis as unknown as { noteFault(fault: string): void };
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      noteFault(`policy: ${violatedDirective} ${blockedURI} ${sample}`),
    );
  });
  await page.goto(url);
  if (token !== undefined) await signIn(page, token);
  return { page, watch: { faults, requests } };
}

/** Types a token, as somebody does. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
}

/** Fails where the page did what it should not. */
export function assertClean({ faults }: Watch): void {
  assert.deepEqual(faults, []);
}
