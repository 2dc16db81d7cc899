// The text of users and models is shown as text on all pages: no script runs, and no request goes to another host. Each
// text of the corpus tries to be markup or script.
import { park } from '../reviews/support.ts';
import { startApp } from '../support/app.ts';
import { openBrowser, visit, webTest } from '../support/browser.ts';
import { call } from '../support/client.ts';

const CORPUS = [
  '<script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned=1">',
  '<img src="http://evil.example/pixel.png">',
  '<svg/onload=window.pwned=1>',
  '"><script>window.pwned=1</script>',
  `'"><img src=x onerror=window.pwned=1>`,
  '<a href="javascript:window.pwned=1">click</a>',
  '[click](javascript:window.pwned=1)',
  '![x](http://evil.example/pixel.png)',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<style>@import url(http://evil.example/x.css);</style>',
  '<meta http-equiv="refresh" content="0;url=http://evil.example/">',
  '<base href="http://evil.example/">',
  '<form action="http://evil.example/"><button>Send</button></form>',
  '<details open ontoggle=window.pwned=1>',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>',
  '{{constructor.constructor("window.pwned=1")()}}',
  '</textarea><script>window.pwned=1</script>',
  '<link rel="stylesheet" href="//evil.example/x.css">',
  '&lt;script&gt;window.pwned=1&lt;/script&gt;',
];

webTest('a corpus of stored scripts is shown as text in chat, desk and operations', async (t) => {
  const app = await startApp(t);
  app.model.script(({ kind, lastUserMessage }) => ({
    text: kind === 'chat' ? `The model says ${lastUserMessage}` : `Summary: ${CORPUS.join(' ')}`,
  }));
  let session: string | undefined;
  for (const text of CORPUS) {
    const turn = await park(app.url, 'ann', `help ${text}`, {
      tags: [text.slice(0, 64)],
      ...(session !== undefined && { metadata: { session_id: session } }),
    });
    session = turn.session_id;
  }
  await call(app.url, '/memories/ann', {
    method: 'PATCH',
    body: { name: CORPUS[0], user_summary: CORPUS.join('\n'), favourite_topics: CORPUS.slice(1, 5) },
  });
  const browser = await openBrowser(t);
  const desk = await visit(browser, `${app.url}/desk`);
  const chat = await visit(browser, `${app.url}/?user=ann#${session}`);
  const operations = await visit(browser, `${app.url}/operations#/users/ann`);
  const visits = [desk, chat, operations];

  for (const [index, text] of CORPUS.entries()) {
    await desk.page.getByText('due in').or(desk.page.getByText('Select a review')).first().waitFor();
    if (index === 0) await desk.page.getByRole('listbox').getByRole('option').first().click();
    else await desk.page.keyboard.press('j');
    await desk.page.locator('.message', { hasText: `help ${text}` }).waitFor();
    t.is(await desk.page.locator('.message').innerText(), `help ${text}`);
    t.is(await desk.page.locator('.draft').innerText(), `The model says help ${text}`);
  }
  // An edit with its diff, and the edited reply in the chat.
  await desk.page.keyboard.press('e');
  await desk.page.getByLabel('Reply', { exact: true }).fill(CORPUS.join(' '));
  await desk.page.locator('.diff ins').first().waitFor();
  await desk.page.keyboard.press('Control+Enter');
  await chat.page.getByText('Edited by a reviewer').waitFor();
  const log = await chat.page.getByRole('log').innerText();
  for (const text of CORPUS) t.true(log.includes(text), text);
  await operations.page.getByText(CORPUS[0]!).first().waitFor();

  for (const { page, faults, foreign } of visits) {
    await page.waitForTimeout(300);
    t.is(await page.evaluate('window.pwned'), undefined);
    t.is(await page.locator('iframe, base, form[action], link[href*=evil], img[src*=evil], img[src=x]').count(), 0);
    t.deepEqual(faults, []);
    t.deepEqual(foreign, []);
    t.true(page.url().startsWith(app.url));
  }
});
