import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { TestBrowser } from './support/browser.ts';

const DEADLINE_MS = 10_000;
/** WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;
/** Texts that stand on a ground of their own. */
const TEXTS = '.badge, .quiet, td, th, h1, h1 small, #counts, #live, label, a, button';

/** Of the text with the least contrast, as WCAG defines it: the ground is that of the nearest ancestor that has one. */
const LOWEST_CONTRAST = `(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return /, 0\\)$/.test(color) ? ground(element.parentElement) : color;
  };
  return [...document.querySelectorAll('${TEXTS}')].filter((each) => each.textContent.trim() !== '' && each.checkVisibility())
    .map((each) => {
      const [high, low] = [light(getComputedStyle(each).color), light(ground(each))].toSorted((a, b) => b - a);
      return { contrast: (high + 0.05) / (low + 0.05), text: each.textContent.trim() };
    })
    .reduce((least, each) => (each.contrast < least.contrast ? each : least));
})()`;

/** Waits until a text is there. */
async function untilText(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).first().waitFor({ timeout: DEADLINE_MS });
}

describe('the status page in Chromium', { timeout: 120_000 }, () => {
  const parts = new AsyncDisposableStack();
  const backends: GrpcBackend[] = [];
  let browser: TestBrowser;
  let test: TestBridge;

  before(async () => {
    browser = parts.use(await TestBrowser.start());
    for (let index = 0; index < 4; index++) {
      backends.push(parts.use(await GrpcBackend.start()));
    }
    const [first, second, third, fourth] = backends.map(({ key }) => key);
    test = parts.use(
      await TestBridge.start({
        clusters: [
          quickCluster('router', [first ?? '', second ?? '']),
          quickCluster('search', [third ?? '', fourth ?? ''], { unhealthyThreshold: 1 }),
        ],
        routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'router' }],
      }),
    );
    backends[3]?.setStatus('', 'NOT_SERVING');
    await test.untilLogged('endpoint state changed', ({ toState }) => toState === 'unhealthy');
  });

  after(() => parts.disposeAsync());

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`reads well when the scheme is ${colorScheme}, and nothing is refused`, async () => {
      const { page, complaints } = await browser.open(test.url('admin'), { colorScheme });
      await untilText(page, 'tbody .badge', 'unhealthy');
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      assert.equal(ground, colorScheme === 'light' ? 'rgb(245, 246, 248)' : 'rgb(16, 20, 24)');
      const { contrast, text } = await page.evaluate<{ contrast: number; text: string }>(LOWEST_CONTRAST);
      assert.ok(contrast >= LEAST_CONTRAST, `"${text}" has a contrast of ${contrast}`);
      assert.deepEqual(complaints, []);
    });
  }

  it('shows clusters, endpoints, states, reasons, times, latency and traffic', async () => {
    const { page } = await browser.open(test.url('admin'));
    await page.locator('tbody tr', { hasText: /unhealthy.*\d ms/ }).waitFor();
    await page
      .locator('details', { hasText: 'router' })
      .locator('summary', { hasText: '0 calls/s, 0 under way on 2 connections' })
      .waitFor();
    const text = await page.locator('details', { hasText: 'search' }).innerText();
    assert.match(text, /search\s+(healthy|degraded)\s+1 of 2 healthy/);
    assert.match(text, new RegExp(`unhealthy\\s+${backends[3]?.key}\\s+\\d+ s\\s+NOT_SERVING\\s+[\\d.]+ ms\\s+–\\s+–`));
    assert.match(await page.locator('#counts').innerText(), /^2 of 2 clusters, 3 of 4 endpoints healthy$/);
    assert.ok((await page.locator('details', { hasText: 'search' }).locator('.strip li').count()) >= 2);
    assert.match(
      await page.locator('#change-list li', { hasText: 'unhealthy' }).last().innerText(),
      /\d\d:\d\d:\d\d unhealthy .*\s+search · NOT_SERVING/,
    );
  });

  it('follows what happens without being loaded again, and says it to who listens', async () => {
    const { page, complaints } = await browser.open(test.url('admin'));
    await untilText(page, '#whole', 'Healthy');
    await page.evaluate('globalThis.isSame = true');
    backends[2]?.setStatus('', 'NOT_SERVING');
    await page.locator('details[data-healthy="false"]', { hasText: 'search' }).waitFor();
    await untilText(page, '[role="status"]', `search ${backends[2]?.key} is unhealthy`);
    backends[2]?.setStatus('', 'SERVING');
    await page.locator('details[data-healthy="true"]', { hasText: 'search' }).waitFor();
    await test.get('/healthcheck/fail', { listener: 'admin', method: 'POST' });
    await untilText(page, '#whole', 'In maintenance');
    assert.match(await page.title(), /^In maintenance/);
    await test.get('/healthcheck/ok', { listener: 'admin', method: 'POST' });
    await untilText(page, '#whole', 'Healthy');
    assert.equal(await page.evaluate('globalThis.isSame'), true);
    assert.deepEqual(complaints, []);
  });

  it('fits a phone: nothing is cut off or has to be scrolled sideways', async () => {
    const { page } = await browser.open(test.url('admin'), { viewport: { width: 360, height: 740 }, hasTouch: true });
    await untilText(page, 'tbody .badge', 'healthy');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    const ends =
      'Math.max(...[...document.querySelectorAll("td, th, summary > *")].map((each) => each.getBoundingClientRect().right))';
    assert.ok((await page.evaluate<number>(ends)) <= 360);
    const labels = "getComputedStyle(document.querySelector('tbody .since'), '::before').content";
    assert.match(await page.evaluate<string>(labels), /Since/);
    assert.equal(await page.locator('thead').first().isVisible(), false);
  });

  it('is used by the keyboard alone, with a focus that is seen', async () => {
    const { page } = await browser.open(test.url('admin'));
    await untilText(page, 'tbody .badge', 'healthy');
    const focused = 'document.activeElement.id || document.activeElement.className || document.activeElement.localName';
    const order: string[] = [];
    for (let index = 0; index < 6; index++) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate<string>(focused));
      assert.match(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle'), /solid|auto/);
    }
    assert.deepEqual(order, ['skip', 'pause', 'filter', 'failing', 'summary', 'summary']);
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('details[open]').count(), 1);
    await page.keyboard.press('Enter');
    await page.locator('#filter').focus();
    await page.keyboard.type(backends[3]?.key ?? '');
    assert.deepEqual(await page.locator('tbody th span').allInnerTexts(), [backends[3]?.key]);
    await page.keyboard.press('Escape');
    await page.locator('#failing').press('Space');
    assert.deepEqual(await page.locator('tbody tr .badge').allInnerTexts(), ['unhealthy']);
    await page.locator('#pause').press('Enter');
    assert.equal(await page.locator('#pause').getAttribute('aria-pressed'), 'true');
    assert.equal(await page.locator('#live').innerText(), 'Paused');
  });

  it('takes what endpoints say for text, and tells when no answer comes', async () => {
    const { page, complaints } = await browser.blank();
    const odd = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const answer = await test.get('/status.json', { listener: 'admin' });
    await page.route('**/status.json', (route) =>
      route.fulfill({
        contentType: 'application/json',
        body: answer.body.replaceAll('NOT_SERVING', JSON.stringify(odd).slice(1, -1)),
      }),
    );
    await page.goto(test.url('admin'));
    await untilText(page, '.reason', odd);
    assert.deepEqual(
      [await page.locator('img').count(), await page.title(), complaints],
      [0, 'Healthy · grpc-health-bridge', []],
    );
    await page.route('**/status.json', (route) => route.abort());
    await untilText(page, '#live', 'No answer for');
  });

  it('asks for the token where one is wanted, and for another one when it is wrong', async () => {
    await using files = await writeTestFiles({ token: 's3cret' });
    await using guarded = await TestBridge.start({
      admin: { address: '127.0.0.1:0', tokenFile: files.path('token') },
      clusters: [quickCluster('router', [backends[0]?.key ?? ''])],
    });
    const { page } = await browser.open(guarded.url('admin'));
    await page.locator('#token').fill('wrong');
    await page.keyboard.press('Enter');
    await untilText(page, '[role="alert"]', 'not accepted');
    await page.locator('#token').fill('s3cret');
    await page.keyboard.press('Enter');
    await untilText(page, 'tbody .badge', 'healthy');
    assert.equal(await page.locator('#login').isVisible(), false);
  });
});
