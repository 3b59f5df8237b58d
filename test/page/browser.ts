import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** Debian's Chromium, told to talk to nobody but us. */
const EXECUTABLE = '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with an empty profile that notes what went wrong in its pages. */
export class Browser {
  /** Uncaught errors, violated policies and failed scripts; a lost connection is none. */
  readonly errors: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #requests: string[] = [];

  constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
    context.on('request', (request) => this.#requests.push(request.url()));
    context.on('weberror', (error) => this.errors.push(error.error().message));
    context.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION|status of 50\d/.test(message.text())) {
        this.errors.push(message.text());
      }
    });
  }

  /** Opens a page in a tab of its own. */
  async open(url: string, { viewport = { width: 1280, height: 900 } } = {}): Promise<Page> {
    const page = await this.#context.newPage();
    await page.setViewportSize(viewport);
    await page.goto(url);
    return page;
  }

  /** Requests to anywhere but this origin. */
  foreignRequests(origin: string): string[] {
    return this.#requests.filter((url) => !url.startsWith(origin) && !url.startsWith('data:'));
  }

  async close(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}

/** Starts the browser; with `anyCertificate` it takes one that nobody has signed. */
export async function openBrowser({ anyCertificate = false } = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'plugmesh-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: ARGUMENTS,
    ignoreHTTPSErrors: anyCertificate,
  });
  return new Browser(context, profile);
}
