// gradio's chat page, used in Chromium as a person does: types, edits a message, and presses Retry.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { messages, runSteps } from './steps.mjs';

const { python, pythonFolder } = JSON.parse(process.env.CLIENT_RUN);
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Starts the page's server. It ends when its standard input ends. */
async function startPage() {
  const server = spawn(python, [join(pythonFolder, 'gradio_page.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout }))
    if (line.startsWith('http')) return { url: line, server };
  throw new Error('the chat page did not start');
}

function findBrowser() {
  const found = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (!found) throw new Error(`none of these programs is installed: ${BROWSERS.join(', ')}`);
  return spawnSync('sh', ['-c', `command -v ${found}`], { encoding: 'utf8' }).stdout.trim();
}

/** Runs in the page: records every text that the newest reply had, and that the box was disabled: then a reply is being
 *  written. */
function watchPage() {
  const record = () => {
    const { texts } = globalThis.seen;
    const text = [...document.querySelectorAll('[data-testid="bot"]')].at(-1)?.innerText ?? '';
    if (text !== texts.at(-1)) texts.push(text);
    globalThis.isWriting = document.querySelector('[role="group"] textarea')?.disabled ?? true;
    if (globalThis.isWriting) globalThis.seen.began = true;
  };
  globalThis.seen = { texts: [], began: false };
  const changes = { childList: true, subtree: true, characterData: true, attributes: true };
  new MutationObserver(record).observe(document.body, changes);
}

/** The pieces that were appended to a text. */
const piecesOf = (texts) => texts.map((text, index) => text.slice(texts[index - 1]?.length ?? 0));

const { url, server } = await startPage();
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
await page.goto(url);
const chat = page.getByRole('log');
const box = page.getByRole('group', { name: 'Multimedia input field' });
await box.locator('textarea:enabled').waitFor();
await page.evaluate(watchPage);

/** Does something that makes the page ask for a reply. Returns the reply, and the pieces in which the page showed it. */
async function after(action) {
  await page.evaluate(() => (globalThis.seen = { texts: [], began: false }));
  await action();
  await page.waitForFunction(() => globalThis.seen.began && !globalThis.isWriting);
  const reply = await chat.getByTestId('bot').last().innerText();
  const { texts } = await page.evaluate(() => globalThis.seen);
  return { reply, deltas: piecesOf(texts.slice(texts.findIndex((text) => text !== '' && reply.startsWith(text)))) };
}

async function send(text) {
  await box.getByRole('textbox').fill(text);
  await box.getByRole('button', { name: 'Submit' }).click();
}

async function editLast(text) {
  await chat.getByRole('button', { name: 'Edit' }).last().click();
  await chat.getByRole('textbox').fill(text);
  await chat.getByRole('button', { name: 'Submit' }).click();
}

await runSteps({
  first: () => after(() => send(messages.first)),
  second: () => after(() => send(messages.second)),
  edit: () => after(() => editLast(messages.edit)),
  retry: () => after(() => chat.getByRole('button', { name: 'Retry' }).click()),
  stream: () => after(() => send(messages.stream)),
  next: () => after(() => send(messages.next)),
});
await browser.close();
server.stdin.end();
