import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { TestServer, type ServerOptions } from '../server.js';
import { openBrowser, Visitor } from './browser.js';

/** The page of a server, and a browser, for the tests of a suite. */
export class ServePage {
  #server: TestServer | undefined;
  #browser: Browser | undefined;

  private constructor() {}

  /** Opens both before the tests of the suite that calls this, and closes them after these. */
  static forSuite(options?: ServerOptions): ServePage {
    const page = new ServePage();
    beforeAll(async () => {
      [page.#server, page.#browser] = await Promise.all([TestServer.ready(options), openBrowser()]);
    });
    afterAll(async () => {
      await page.#browser?.close();
      await page.#server?.[Symbol.asyncDispose]();
    });
    return page;
  }

  get server(): TestServer {
    return this.#server!;
  }

  /** @param url - Of another server. */
  async visit(options: BrowserContextOptions = {}, url = this.server.url): Promise<Visitor> {
    return await (await Visitor.at(url, this.#browser!, options)).ready();
  }
}
