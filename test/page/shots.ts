// Takes pictures of the page for people to look at: npx tsx test/page/shots.ts FOLDER. Light, dark, a phone,
// one server down, all down, evidence, not connected.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { Load } from '../load.ts';
import { type Look, openPage, startBrowser } from './browser.ts';
import { startSite, tokens } from './site.ts';

const folder = process.argv[2] ?? 'shots';
const phone = { width: 360, height: 1500 };

mkdirSync(folder, { recursive: true });
const site = await startSite();
const browser = await startBrowser();
const { port } = site.daemon;
const loads = [
  await Load.start({ port, name: 'www.site.example', rate: 400 }),
  await Load.start({ port, name: 'nothing.site.example', rate: 30 }),
  await Load.start({ port, name: 'elsewhere.example', rate: 8 }),
];

/** One picture, of a page that was open for a while. */
async function shoot(name: string, look: Look, act: (page: Page) => Promise<void> = async () => {}) {
  const { page, watch } = await openPage(browser, site.url, tokens.operate, look);
  await page.locator('.pool').first().waitFor();
  await pause(1500);
  await act(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  // A whole page has its bar at the top only where nobody has scrolled.
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(folder, `${name}-whole.png`), fullPage: true });
  if (watch.faults.length > 0) console.log(name, watch.faults);
  await page.context().close();
}

try {
  await pause(25_000);
  const explain = async (page: Page) => {
    await page.getByLabel('Name').fill('shop.site.example');
    await page.keyboard.press('Enter');
    await page.locator('.steps').waitFor();
  };
  await shoot('light', {}, explain);
  await site.toys[1]!.behave('failing');
  await pause(4000);
  await shoot('one-down', {});
  await shoot('one-down-dark', { colorScheme: 'dark' });
  await shoot('phone', { viewport: phone });
  await shoot('phone-dark', { viewport: phone, colorScheme: 'dark' });
  const evidence = async (page: Page) => {
    await page.getByRole('button', { name: 'Evidence: web2 of www.site.example' }).click();
    await page.locator('.results').waitFor();
  };
  await shoot('evidence', {}, evidence);
  await shoot('evidence-phone', { viewport: phone }, evidence);
  await shoot('drain', { colorScheme: 'dark' }, async (page) => {
    await page.getByRole('button', { name: 'Drain: web1 of www.site.example' }).click();
  });
  for (const toy of site.toys.slice(0, 4)) await toy.behave('failing');
  await pause(4000);
  await shoot('all-down', {});
  await shoot('all-down-phone', { viewport: phone, colorScheme: 'dark' });
  await shoot('sign-in', {}, async (page) => {
    await page.getByRole('button', { name: 'Sign out' }).click();
  });
  await shoot('not-connected', {}, async (page) => {
    await site.daemon.stop();
    await page.locator('.link.lost').waitFor();
  });
} finally {
  for (const load of loads) await load.stop();
  await browser.close();
  await site.close();
}
