// Names and reasons that somebody chose to be read by a browser: they appear as text, whatever they say. And
// many pools at once: those that need somebody come first, and a filter finds the others.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { missing } from '../tools.ts';
import { until } from '../until.ts';
import { assertClean, openPage, startBrowser, type Watch } from './browser.ts';
import { overhang } from './contrast.ts';
import { type Site, startSite, tokens } from './site.ts';

const patience = { timeout: 20_000 };

const attacks = [
  '<script>ran()</script>',
  '<img src=x onerror=ran()>',
  '"><svg onload=ran()>',
  "' onmouseover='ran()",
  '<iframe srcdoc="<script>parent.ran()</script>">',
  'javascript:ran()',
  '{{constructor.constructor("ran()")()}}',
  '</bdi></td><h1>owned</h1>',
  '&lt;b&gt; &amp; &#x3c;script&#x3e;',
  '<base href=//evil.example/>',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content=0;url=//evil.example>',
  '$' + '{ran()}',
  '\u202Edetteg er\u202C',
  '\u2066\u2067isolates\u2069',
  'שלום עולם',
  'مرحبا بالعالم',
  'zero\u200Bwidth\uFEFFspace',
  'e\u0301\u0301\u0301\u0301\u0301\u0301',
  'x'.repeat(120),
];
/** A hundred of them, each its own. */
const reasons = Array.from({ length: 100 }, (_, i) => `${i} ${attacks[i % attacks.length]}`);

/** A label of a zone file with everything in it that may be escaped. */
function label(i: number): string {
  const text = attacks[i % attacks.length]!;
  const octets = Buffer.from(`${i}${text}`).subarray(0, 60);
  return [...octets].map((octet) => `\\${String(octet).padStart(3, '0')}`).join('');
}

const owners = Array.from({ length: 100 }, (_, i) => label(i));

describe('a page full of hostile names', { skip: missing('chromium'), timeout: 150_000 }, () => {
  let site: Site;
  let browser: Browser;
  let page: Page;
  let watch: Watch;

  const post = async (parameters: Record<string, string>) => {
    const url = `${site.url}hand?${new URLSearchParams(parameters)}`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.operate}` },
    });
    assert.equal(response.status, 200, await response.text());
  };

  before(async () => {
    const records = owners.map((owner, i) => `${owner} A 192.0.2.${i + 1}\n${owner} A 198.51.100.${i + 1}\n`);
    const apex = '$TTL 30\n@ SOA ns1 hostmaster 1 1h 15m 1w 5m\n@ NS ns1\nns1 A 127.0.0.1\n';
    const zone = apex + records.join('');
    const pools = owners.map((owner) => `  ${JSON.stringify(owner)}:\n`).join('');
    const files = { 'hostile.example.zone': zone, 'hostile.example.yaml': `balance:\n${pools}` };
    [site, browser] = await Promise.all([startSite(files), startBrowser()]);
    for (const [i, reason] of reasons.entries()) {
      await post({ verb: 'up', selector: `192.0.2.${i + 1}`, reason, by: 'x' });
    }
    ({ page, watch } = await openPage(browser, site.url, tokens.operate));
    await page.evaluate(() => {
      (globalThis as unknown as { ran(): void }).ran = () => document.body.setAttribute('data-ran', '');
    });
    await page.locator('.pool').first().waitFor(patience);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  it('shows them as text, and none of them runs', async () => {
    const show = page.getByRole('button', { name: /^Show more/ });
    await until('all pools are shown', 20_000, async () => {
      if ((await show.count()) > 0) await show.first().click();
      return (await page.locator('.pool').count()) === 104;
    });
    const closed = page.locator('.pool h3 button[aria-expanded="false"]');
    while ((await closed.count()) > 0) await closed.first().press('Enter');
    const notes = await page.locator('.members .note').allTextContents();
    for (const reason of reasons) {
      const text = reason.replace(/\p{Cf}/gu, (sign) => {
        return `<U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`;
      });
      assert.ok(notes.includes(`up by laptop: ${text}`), text);
    }
    const { zones } = await site.daemon.status();
    const names = new Set(await page.locator('.pool h3 .name').allTextContents());
    for (const { owner } of zones.flatMap(({ pools }) => pools))
      assert.ok(names.has(owner.slice(0, -1)), owner);
    assert.equal(names.size, 104);
    const { STEERDNS_SHOTS } = process.env;
    if (STEERDNS_SHOTS !== undefined) await page.screenshot({ path: `${STEERDNS_SHOTS}/hostile.png` });
    assert.equal(await page.locator('.events > li').count(), 25);
    const foreign = 'main script, main iframe, main img, main base, main link, main meta, main h1';
    assert.equal(await page.locator(foreign).count(), 0);
    assert.equal(await page.locator('body[data-ran]').count(), 0);
  });

  it('shows them in the timeline, in evidence, in explain and in the dialog of a drain', async () => {
    const more = page.locator('#event-list button');
    while ((await more.count()) > 0) await more.click();
    const events = await page.locator('.events .what').allTextContents();
    assert.ok(events.some((text) => text.includes('<script>ran()</script>')));
    const pool = page.locator('.pool').filter({ hasText: '<script>' }).first();
    await pool
      .getByRole('button', { name: /^Evidence/ })
      .first()
      .click();
    await page.getByRole('dialog').getByText('no check looks at it').waitFor(patience);
    await page.keyboard.press('Escape');
    await pool
      .getByRole('button', { name: /^Drain/ })
      .first()
      .click();
    await page.keyboard.type('<img src=x onerror=ran()>');
    await page.keyboard.press('Enter');
    await pool.getByText('drained by laptop: <img src=x onerror=ran()>').waitFor(patience);
    await page.getByLabel('Name').fill(`${owners[0]}.hostile.example`);
    await page.keyboard.press('Enter');
    await page.locator('#explained .steps').waitFor(patience);
    assert.equal(await page.locator('body[data-ran]').count(), 0);
    assertClean(watch);
  });

  it('cannot be made wider than a phone by long names', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await overhang(page), 0);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('finds a pool among many, and what is not well comes first', async () => {
    await site.toys[3]!.behave('failing');
    const first = page.locator('.pool').first();
    await page.locator('.pool.bad').waitFor(patience);
    assert.equal(await first.getAttribute('data-pool'), 'www.site.example');
    await page.keyboard.press('Escape');
    await page.locator('#main').focus();
    await page.keyboard.press('/');
    await page.keyboard.type('127.0.0.14');
    await page.getByText('1 of 104 pools').waitFor(patience);
    assert.equal(await page.locator('.pool').count(), 1);
    await page.keyboard.press('Escape');
    await page.getByText('104 pools', { exact: true }).waitFor(patience);
    assertClean(watch);
  });

  it('turns control characters into pictures of themselves', async () => {
    const texts = await page.evaluate(async () => {
      const url = new URL('page/elements.js', document.baseURI).href;
      const { shown } = (await import(url)) as { shown(text: string): string };
      return ['a\u0000b\u001b[31mc\u007f', 'a\u009bb\u2028c', '\ud800'].map(shown);
    });
    assert.deepEqual(texts, ['a\u2400b\u241b[31mc\u2421', 'a<U+009B>b<U+2028>c', '<U+D800>']);
  });
});
