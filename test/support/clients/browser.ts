import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { describe } from 'vitest';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Tests in a real browser; where there is none they are skipped, with the reason in their titles. */
export function describeInBrowser(title: string, tests: () => void): void {
  const isThere = existsSync(CHROMIUM);
  const reason = ` (skipped for lack of Chromium at ${CHROMIUM}: set CHROMIUM to where it is)`;
  describe.skipIf(!isThere)(isThere ? title : title + reason, tests);
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** A visitor with their own tab, its requests and its errors. */
export class Visitor {
  readonly page: Page;
  readonly requested: string[] = [];
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('request', (request) => this.requested.push(request.url()));
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /** Opens the page of a server. */
  static async at(url: string, browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext(options);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  /** Waits until the page knows what the server looks for. */
  async ready(): Promise<this> {
    await this.untilStatus('Ready');
    return this;
  }

  /** Chooses files with the file chooser, and waits for what the page makes of it. */
  async choose(file: Parameters<Page['setInputFiles']>[1]): Promise<void> {
    await this.page.setInputFiles('#file', file);
    await this.untilStatus('found');
  }

  /** Waits until the status line contains this. */
  untilStatus(text: string): Promise<void> {
    return this.page.locator('#status', { hasText: text }).waitFor();
  }

  /** Waits until there is a problem on the page; its text. */
  async problem(): Promise<string> {
    await this.page.locator('#problem').waitFor();
    return await this.page.locator('#problem').innerText();
  }

  /** Class and score of each box of the list. */
  async listed(): Promise<[label: string, score: string][]> {
    const labels = await this.page.locator('.option b').allTextContents();
    const scores = await this.page.locator('.option .numbers').allInnerTexts();
    return labels.map((label, i) => [label, scores[i]!.trim().split(/\s/)[0]!]);
  }

  /** Evaluates JavaScript in the page; as text, because here are no types of the DOM. */
  evaluate<T>(expression: string): Promise<T> {
    return this.page.evaluate<T>(expression);
  }

  /** Sets the threshold as dragging the slider does. */
  async setThreshold(value: number): Promise<void> {
    await this.page.locator('#threshold').fill(String(value));
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
