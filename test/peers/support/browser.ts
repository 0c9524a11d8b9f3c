import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

// The types of playwright-core name those of pages, which this program has none of: what pages run here is text.
declare global {
  interface Node {}
  interface HTMLElement {}
  interface SVGElement {}
  interface HTMLElementTagNameMap {}
}

/** Debian's, as scripts/install-peers.sh brings it. */
const CHROMIUM = '/usr/bin/chromium';
/** Of every wait for something on a page. Milliseconds. */
const DEADLINE_MS = 10_000;

/** A page, and all that the browser complained about in it: errors of scripts, of loading, and of Content-Security-Policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** A headless Chromium of its own. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM, timeout: 30_000 }));
  }

  /** A page that has loaded, in a profile of its own. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const { page, complaints } = await this.blank(options);
    await page.goto(url);
    return { page, complaints };
  }

  /** The same before it has gone anywhere. */
  async blank(options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
