// The page in a real browser, in front of a real daemon with real web servers: a server is killed, members
// are drained, the daemon is restarted, and the page says so without being loaded again.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { missing } from '../tools.ts';
import { assertClean, openPage, signIn, startBrowser, type Watch } from './browser.ts';
import { overhang, paleTexts } from './contrast.ts';
import { type Site, startSite, tokens } from './site.ts';

const patience = { timeout: 20_000 };
const phone = { viewport: { width: 360, height: 740 } };

function rowOf(page: Page, pool: string, member: string): Locator {
  return page.locator(`[data-pool="${pool}"] [data-member="${member}"]`);
}

/** The text of an element, whether it is shown or not. */
async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** Goes on with the tab key until the element has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, label: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
    });
    if (focused === label) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the tab key does not lead to ${label}`);
}

/** Puts a mark into the page that a reload would wipe off. */
function mark(page: Page): Promise<void> {
  return page.evaluate(() => document.documentElement.setAttribute('data-marked', ''));
}
function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.hasAttribute('data-marked'));
}

describe('the page', { skip: missing('chromium'), timeout: 200_000 }, () => {
  let site: Site;
  let browser: Browser;
  const watches: Watch[] = [];
  before(async () => {
    [site, browser] = await Promise.all([startSite({}, { withVictim: true }), startBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  async function open(token: string | undefined, look = {}): Promise<Page> {
    const { page, watch } = await openPage(browser, site.url, token, look);
    watches.push(watch);
    return page;
  }

  it('asks for a token, says what is wrong with it, and keeps it in the tab only', async () => {
    const page = await open(undefined);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'token');
    await signIn(page, 'steerdns_wrong');
    await page.getByText('this token is not known').waitFor(patience);
    assert.equal(await page.locator('#board').isVisible(), false);
    await signIn(page, tokens.read);
    await page.getByText('viewer may only look').waitFor(patience);
    const kept = () => page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
    assert.deepEqual(await kept(), ['', 0, 1]);
    await page.reload();
    await page.getByText('viewer may only look').waitFor(patience);
    await page.getByRole('button', { name: 'Sign out' }).click();
    assert.deepEqual(await kept(), ['', 0, 0]);
    assert.ok(!(await page.content()).includes('web1'), 'nothing is left to be read');
    await page.context().close();
  });

  it('has no buttons for a token that may only look', async () => {
    const page = await open(tokens.read);
    await rowOf(page, 'www.site.example', 'web1').waitFor(patience);
    assert.equal(await page.getByRole('button', { name: /^Evidence/ }).count(), 9);
    assert.equal(await page.getByRole('button', { name: /drain/i }).count(), 0);
    await page.context().close();
  });

  it('explains a name, and says what is wrong with one', async () => {
    const page = await open(tokens.read);
    await page.getByText('All is well.').first().waitFor(patience);
    await page.keyboard.press('e');
    await page.keyboard.type('shop.site.example');
    await page.keyboard.press('Enter');
    await page.getByText('goes on at www.site.example., TTL 30').waitFor(patience);
    await page.getByText('4 A records, balanced').waitFor();
    assert.match(await textOf(page.locator('#explained')), /web1127\.0\.0\.1142\.9%/);
    await page.getByLabel('Client').fill('192.0.2.77');
    await page.keyboard.press('Enter');
    await page.getByText('Client 192.0.2.77').waitFor(patience);
    await page.getByLabel('Client').fill('nonsense');
    await page.keyboard.press('Enter');
    await page.getByText('"nonsense" is no IPv4 or IPv6 address').waitFor(patience);
    await page.context().close();
  });

  it('drains and undrains by keyboard, and the focus stays where it was', async () => {
    const page = await open(tokens.operate);
    const row = rowOf(page, 'www.site.example', 'web3');
    await row.waitFor(patience);
    await tabTo(page, 'Drain: web3 of www.site.example');
    await page.keyboard.press('Enter');
    await page.keyboard.type('new kernel');
    await page.keyboard.press('Enter');
    await row.getByText('drained by laptop: new kernel').waitFor(patience);
    await page.getByText(/^Drained\. Given now: www\.site\.example A: web1 50\.0%, web2 33\.3%/).waitFor();
    const { members } = await site.daemon.pool('www.site.example.');
    assert.equal(members.find(({ name }) => name === 'web3')!.hands[0]!.by, 'laptop');
    assert.match(await textOf(row.locator('.share')), /0\.0%/);
    await tabTo(page, 'Undrain: web3 of www.site.example');
    await page.keyboard.press('Enter');
    await page.getByText(/^Undrained\./).waitFor(patience);
    await row.getByRole('button', { name: /^Drain/ }).waitFor();
    assert.equal((await site.daemon.status()).hands.length, 0);
    await page.context().close();
  });

  it('asks again before it drains the last member of a pool', async () => {
    const page = await open(tokens.operate);
    await page.getByRole('button', { name: 'Drain: mail1 of mail.site.example' }).click(patience);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
    await dialog.getByText('would be left without a member').waitFor(patience);
    assert.equal((await site.daemon.status()).hands.length, 0);
    await dialog.getByRole('button', { name: 'Drain all the same' }).click();
    await rowOf(page, 'mail.site.example', 'mail1').getByText('drained by laptop').waitFor(patience);
    await page.getByRole('button', { name: 'Undrain: mail1 of mail.site.example' }).click();
    await page.getByText(/^Undrained\./).waitFor(patience);
    await page.context().close();
  });

  it('shows that a server has died, with its evidence, and is not loaded again for it', async () => {
    const page = await open(tokens.operate);
    const row = rowOf(page, 'www.site.example', 'web2');
    await page.locator('[data-member="web2"][data-verdict="up"] svg.spark').waitFor(patience);
    await mark(page);
    const at = performance.now();
    site.victim!.kill('SIGKILL');
    await page.locator('[data-member="web2"][data-verdict="down"]').waitFor(patience);
    console.log(`shown ${((performance.now() - at) / 1000).toFixed(1)} s after it was killed`);
    assert.match(await textOf(row), /connection refused/);
    assert.match(await textOf(page.locator('#attention')), /web2 \(127\.0\.0\.12\) is down/);
    assert.match(await textOf(page.locator('#announcer')), /web2 .* is down/);
    assert.match(await page.title(), /^✕ 1 · steerdns/);
    assert.equal(await textOf(page.locator('.pool h3 .name').first()), 'api.site.example');
    await page.locator('.events').getByText('is down: connection refused').first().waitFor();
    await page.locator('.lanes li').first().waitFor();
    await page.getByRole('button', { name: 'Evidence: web2 of www.site.example' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('tr.fail').first().waitFor(patience);
    assert.match(await textOf(dialog), /http 127\.0\.0\.12 port \d+ every 1 s, timeout 900 ms/);
    assert.equal(await dialog.evaluate((box) => box.contains(document.activeElement)), true);
    await page.keyboard.press('Escape');
    assert.equal(await dialog.count(), 0);
    assert.ok(await isMarked(page));
    await page.context().close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is readable in ${colorScheme}: contrast of 4.5 and more, and no wider than a phone`, async () => {
      const page = await open(tokens.operate, { ...phone, colorScheme });
      await page.locator('[data-verdict="down"]').first().waitFor(patience);
      const look = async (what: string) => {
        assert.equal(await overhang(page), 0, `${what} is too wide`);
        const { measured, pale } = await paleTexts(page, 4.5);
        assert.deepEqual(pale, [], what);
        return measured;
      };
      assert.ok((await look('the page')) > 100);
      await page.getByRole('button', { name: 'Evidence: web2 of www.site.example' }).click();
      await page.getByRole('dialog').locator('.results').waitFor(patience);
      await look('the evidence');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Drain: web1 of www.site.example' }).click();
      await look('the dialog of a drain');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await look('the sign-in');
      await page.context().close();
    });
  }

  it('is put off neither by a token that loses its scope nor by one that is gone', async () => {
    const page = await open(tokens.operate);
    await rowOf(page, 'www.site.example', 'web1')
      .getByRole('button', { name: /^Drain/ })
      .waitFor(patience);
    await mark(page);
    site.writeTokens({ laptop: 'read' });
    await site.daemon.reload();
    await page.getByText('laptop may only look').waitFor(patience);
    assert.equal(await page.getByRole('button', { name: /^Drain/ }).count(), 0);
    site.writeTokens({ viewer: 'read' });
    await site.daemon.reload();
    await page.getByText('this token is not known').waitFor(patience);
    assert.equal(await page.locator('#board').isVisible(), false);
    assert.ok(await isMarked(page));
    site.writeTokens({ viewer: 'read', laptop: 'operate' });
    await site.daemon.reload();
    await page.context().close();
  });

  it('says that it is not connected and how old it is, and is back after a restart', async () => {
    const page = await open(tokens.operate);
    await page.getByText(/Live, \d s old$/).waitFor(patience);
    await mark(page);
    await site.daemon.stop();
    await page.getByText(/Not connected since \d\d:\d\d:\d\d/).waitFor(patience);
    await page.getByText(/what is shown is \d+ s old; (next try in \d+ s|trying again)/).waitFor(patience);
    assert.match(await page.title(), /^\? steerdns/);
    assert.ok(await rowOf(page, 'www.site.example', 'web1').isVisible(), 'what was known is still shown');
    assert.equal(await overhang(page), 0);
    assert.deepEqual((await paleTexts(page, 4.5)).pale, []);
    site.daemon.launch();
    await site.daemon.answering();
    await page.getByText(/Live, \d s old$/).waitFor({ timeout: 40_000 });
    await page.locator('[data-member="web1"][data-verdict="up"]').waitFor(patience);
    assert.ok(await isMarked(page));
    await page.context().close();
  });

  it('has asked nobody else, and broken no rule of its policy', () => {
    assert.ok(watches.length >= 8);
    for (const watch of watches) assertClean(watch);
  });
});
