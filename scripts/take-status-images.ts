import { chromium } from 'playwright-core';

/** Takes the pictures of docs/operations.md from the demo that `npm start` runs, after `curl -X POST` made one of its backends fail. */
const URL_OF_DEMO = 'http://127.0.0.1:9902/';
const IMAGES = [
  { name: 'status-light', colorScheme: 'light', width: 1240, height: 420 },
  { name: 'status-dark', colorScheme: 'dark', width: 1240, height: 420 },
  { name: 'status-phone', colorScheme: 'light', width: 390, height: 700 },
] as const;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
for (const { name, colorScheme, width, height } of IMAGES) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height }, locale: 'en-GB' });
  await page.goto(URL_OF_DEMO);
  await page.locator('tbody .badge', { hasText: 'unhealthy' }).waitFor();
  // The second look makes a rate of calls.
  await page.locator('summary', { hasText: 'calls/s' }).waitFor();
  await page.screenshot({ path: `docs/images/${name}.png` });
}
await browser.close();
