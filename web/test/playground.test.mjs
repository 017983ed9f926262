// Opens the playground in a real browser that can reach nothing but the server, and uses it as each of
// the demonstration's callers does. Needs bin/purser and a Chromium; `make test-playground` runs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'purser');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
// Where to leave pictures for people; none are taken without it.
const pictures = process.env.PICTURES;

// The tabs of a first visit, and what each answer must have some of.
const tabs = {
  Freelancer: ({ viewer }) => viewer.wallets[0].transactions.nodes,
  Advertiser: ({ viewer }) => viewer.adAccounts[0].campaigns.nodes,
  ProductManager: ({ analyticsCatalog, spend, flows }) => analyticsCatalog.datasets.length && spend.rows.length && flows.rows,
  AgencyAdmin: ({ viewer }) => viewer.wallets[0].lots.nodes,
  AgencyMember: ({ viewer }) => viewer.wallets[0].lots.nodes,
  Finance: ({ deferredRevenueRollforward, trialBalance, invariantStatus }) =>
    deferredRevenueRollforward.currencies.length && invariantStatus.length && trialBalance.lines,
  CloseMonth: ({ closePeriod }) => closePeriod.period.state === 'CLOSING' && closePeriod.period.books,
  AgreeToClose: ({ closePeriod }) => closePeriod.period.state === 'CLOSED' && closePeriod.period.books,
  JournalProof: ({ accountLedger }) => accountLedger.nodes[0].journal.inclusionProof.path && accountLedger.nodes,
  Auditor: ({ trialBalance }) => trialBalance.books,
  Service: ({ viewer }) => viewer.scope,
};
const tabNames = Object.keys(tabs);
let base;
let browser;
let stopServer;

/** startServer loads a small demonstration, serves it, and returns the address and what ends it all. */
async function startServer(more = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'purser-playground-'));
  await chmod(dir, 0o755); // PostgreSQL runs as another account when this one is root
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PURSER_DATA_DIR: join(dir, 'data'),
    PURSER_ADDR: '127.0.0.1:0',
    PURSER_ADMIN_ADDR: '127.0.0.1:0',
  };
  const demo = spawn(program, ['demo', '-wallets', '100', '-campaigns', '160', '-days', '62'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  assert.deepEqual(await once(demo, 'exit'), [0, null]);
  const server = spawn(program, ['serve'], { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'ignore'] });
  let origin;
  for await (const line of createInterface({ input: server.stdout })) {
    origin ??= /^\s+Play\s+(http:\S+)\/playground$/.exec(line)?.[1];
    if (line.startsWith('Ctrl-C')) break;
  }
  const stop = async () => {
    if (server.exitCode === null) {
      server.kill('SIGINT');
      await once(server, 'exit');
    }
    await rm(dir, { recursive: true, force: true });
  };
  if (!origin) {
    await stop();
    assert.fail('the server does not say where the playground is');
  }
  return { origin, stop };
}

before(async () => {
  ({ origin: base, stop: stopServer } = await startServer());
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // The network is cut below the page: no other name or address is found.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
});

after(async () => {
  await browser?.close();
  await stopServer?.();
});

/** visitor opens a browser profile of its own and records what must not happen in it. */
async function visitor(options = {}, origin = base) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const wrong = [];
  await context.route(
    (url) => url.origin !== origin && url.protocol !== 'data:' && url.protocol !== 'blob:',
    (route) => {
      wrong.push(`foreign request: ${route.request().url()}`);
      return route.abort();
    },
  );
  const open = async (path) => {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['warning', 'error'].includes(message.type())) wrong.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => wrong.push(`failed: ${request.url()}`));
    page.on('response', (response) => {
      if (response.status() >= 400) wrong.push(`status ${response.status()}: ${response.url()}`);
    });
    await page.goto(origin + path);
    return page;
  };
  return { context, open, wrong, origin };
}

async function openPlayground(visit) {
  const introspected = (response) =>
    response.url() === `${visit.origin}/graphql` && response.request().postData()?.includes('__schema');
  const schema = visit.context.waitForEvent('response', introspected);
  const page = await visit.open('/playground');
  assert.equal((await (await schema).json()).errors, undefined, 'introspection has errors');
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  return page;
}

/** run executes what the active tab holds and returns the request and the answer. */
async function run(page) {
  const sent = page.waitForResponse((response) => response.url().endsWith('/graphql'));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const response = await sent;
  return { request: response.request(), answer: await response.json() };
}

/** tokenKept returns the beginning of a token found in a storage, a cookie or the page's markup. */
async function tokenKept(page) {
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]));
  return /.{0,60}eyJ[\w-]+\.[\w-]{9}/.exec(kept)?.[0];
}

const claims = (request) =>
  JSON.parse(Buffer.from(request.headers().authorization.split('.')[1], 'base64url').toString());

test('each caller has a tab that returns data', async () => {
  const visit = await visitor();
  const page = await openPlayground(visit);
  assert.deepEqual((await page.getByRole('tab').allInnerTexts()).map((name) => name.trim()), tabNames);
  for (const name of tabNames) {
    await page.getByRole('button', { name, exact: true }).click();
    const { request, answer } = await run(page);
    assert.equal(request.postDataJSON().operationName, name);
    assert.equal(answer.errors, undefined, `${name}: ${JSON.stringify(answer.errors)}`);
    assert.ok(Object.values(answer.data).every((value) => value !== null), `${name}: a root field is null`);
    assert.ok(tabs[name](answer.data)?.length > 0, `${name}: nothing to see in ${JSON.stringify(answer.data)}`);
    await page.locator('.result-window .view-line', { hasText: '"data"' }).first().waitFor();
  }
  // The editor starts its workers when it first needs them, the one for GraphQL when it is idle.
  const started = (name) => page.workers().some((worker) => worker.url() === `${base}/playground/assets/${name}.worker.js`);
  while (!['editor', 'graphql', 'json'].every(started)) {
    await page.waitForEvent('worker');
  }
  assert.deepEqual(visit.wrong, []);
  await visit.context.close();
});

test('the menu chooses who asks', async () => {
  const visit = await visitor();
  const page = await openPlayground(visit);
  const menu = page.getByRole('combobox', { name: 'Caller' });
  assert.equal(await menu.inputValue(), 'freelancer');
  assert.deepEqual(claims((await run(page)).request).roles, ['FREELANCER']);
  await page.getByRole('button', { name: 'Finance', exact: true }).click();
  assert.equal(await menu.inputValue(), 'finance');
  assert.deepEqual(claims((await run(page)).request).roles, ['FINANCE']);
  await menu.selectOption('freelancer');
  const { request, answer } = await run(page);
  assert.deepEqual(claims(request).roles, ['FREELANCER']);
  assert.equal(answer.data.trialBalance, null);
  assert.equal(answer.errors[0].extensions.code, 'FORBIDDEN');
  await page.getByRole('button', { name: 'Freelancer', exact: true }).click();
  await page.getByRole('button', { name: 'Finance', exact: true }).click();
  assert.equal(await menu.inputValue(), 'freelancer', 'a tab forgets who was chosen for it');
  assert.deepEqual(visit.wrong, []);
  await visit.context.close();
});

test('a second visit is authenticated and keeps its tabs, and no token was stored', async () => {
  const visit = await visitor();
  const first = await openPlayground(visit);
  const { request } = await run(first);
  const { iat, exp } = claims(request);
  assert.equal(exp - iat, 15 * 60);
  await first.getByRole('button', { name: 'Finance', exact: true }).click();
  await first.waitForFunction((index) => localStorage.getItem('graphiql:tabState')?.includes(`"activeTabIndex":${index}`), tabNames.indexOf('Finance'));
  assert.equal(await tokenKept(first), undefined);
  await first.close();

  const second = await openPlayground(visit);
  assert.deepEqual((await second.getByRole('tab').allInnerTexts()).map((name) => name.trim()), tabNames);
  const again = await run(second);
  assert.equal(again.request.postDataJSON().operationName, 'Finance');
  assert.deepEqual(claims(again.request).roles, ['FINANCE']);
  assert.equal(again.answer.errors, undefined);
  assert.deepEqual(visit.wrong, []);
  await visit.context.close();
});

test('a token is shared until it is about to expire, and a refused one is replaced', async () => {
  const visit = await visitor();
  const asked = [];
  visit.context.on('request', (request) => {
    if (request.url() === `${base}/playground/token`) asked.push(request.postDataJSON().persona);
  });
  const page = await openPlayground(visit);
  await run(page);
  await run(page);
  assert.deepEqual(asked, ['freelancer']);

  await page.route('**/graphql', (route) => route.fulfill({ status: 401, json: { errors: [] } }), { times: 1 });
  const answered = page.waitForResponse((response) => response.url() === `${base}/graphql` && response.ok());
  await page.getByRole('button', { name: /^Execute query/ }).click();
  assert.equal((await (await answered).json()).errors, undefined);
  assert.deepEqual(asked, ['freelancer', 'freelancer']);

  await page.clock.setFixedTime(Date.now() + 14.5 * 60_000);
  await run(page);
  assert.deepEqual(asked, ['freelancer', 'freelancer', 'freelancer']);
  assert.deepEqual(visit.wrong.filter((line) => !line.includes('401')), []);
  await visit.context.close();
});

test('the explorer shows the schema', async () => {
  const visit = await visitor();
  const page = await openPlayground(visit);
  await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
  await page.locator('.graphiql-explorer-root').getByText('trialBalance').first().waitFor();
  assert.deepEqual(visit.wrong, []);
  await visit.context.close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`pages follow the ${colorScheme} scheme`, async () => {
    const visit = await visitor({ colorScheme });
    const luminance = (page, selector) =>
      page.evaluate((found) => {
        const [r, g, b] = getComputedStyle(document.querySelector(found)).backgroundColor.match(/[\d.]+/g).map(Number);
        return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
      }, selector);
    const page = await openPlayground(visit);
    await run(page);
    await page.locator('.result-window .view-line', { hasText: '"data"' }).first().waitFor();
    const start = await visit.open('/');
    for (const value of [await luminance(page, '.graphiql-container'), await luminance(start, 'body')]) {
      assert.ok(colorScheme === 'dark' ? value < 0.25 : value > 0.75, `background has luminance ${value}`);
    }
    if (pictures) {
      // The editor colours its text when it is idle.
      await page.waitForFunction(() =>
        new Set([...document.querySelectorAll('.graphiql-query-editor .view-line span')].map((span) => span.className)).size > 4);
      await page.screenshot({ path: join(pictures, `playground-${colorScheme}.png`) });
      await start.screenshot({ path: join(pictures, `start-${colorScheme}.png`), fullPage: true });
    }
    assert.deepEqual(visit.wrong, []);
    await visit.context.close();
  });
}

test('a server with keys of its own has a field for a token, kept in memory only', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyDir = await mkdtemp(join(tmpdir(), 'purser-key-'));
  const keyFile = join(keyDir, 'key.pem');
  await writeFile(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const unsigned = `${encode({ alg: 'EdDSA', typ: 'JWT' })}.${encode({
    iss: 'issuer', aud: 'purser', sub: 'analyst', jti: 'one', iat: now, exp: now + 600, roles: ['PRODUCT_MANAGER'],
  })}`;
  const typed = `${unsigned}.${sign(null, Buffer.from(unsigned), privateKey).toString('base64url')}`;
  const { origin, stop } = await startServer({
    PURSER_JWT_PUBLIC_KEY_FILE: keyFile, PURSER_JWT_ISSUER: 'issuer', PURSER_JWT_AUDIENCE: 'purser',
  });
  try {
    const visit = await visitor({}, origin);
    const page = await openPlayground(visit);
    assert.equal(await page.getByRole('combobox', { name: 'Caller' }).count(), 0);
    assert.equal((await run(page)).answer.errors[0].extensions.code, 'UNAUTHENTICATED');
    await page.getByLabel('Token').fill(typed);
    // Leaving the field asks for the schema again, now as the token's owner.
    const schema = page.waitForResponse((response) => response.request().postData()?.includes('__schema'));
    await page.getByLabel('Token').blur();
    assert.equal((await (await schema).json()).errors, undefined);
    const { answer } = await run(page);
    assert.deepEqual(answer.data, { viewer: { subject: 'analyst', roles: ['PRODUCT_MANAGER'] } });
    assert.equal(await tokenKept(page), undefined);
    if (pictures) await page.screenshot({ path: join(pictures, 'playground-token.png') });
    assert.deepEqual(visit.wrong, []);
    await visit.context.close();
  } finally {
    await stop();
    await rm(keyDir, { recursive: true });
  }
});

test('every link of the first page leads somewhere', async () => {
  const visit = await visitor({ javaScriptEnabled: false });
  const page = await visit.open('/');
  const links = await page.locator('a').evaluateAll((all) => all.map((a) => a.href));
  assert.ok(links.length >= 5);
  for (const link of links) {
    assert.equal((await visit.context.request.get(link)).status(), 200, link);
  }
  assert.deepEqual(visit.wrong, []);
  await visit.context.close();
});
