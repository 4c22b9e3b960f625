// page.test.mjs - the page at / in a real browser: code is run, seen and shared; nothing that a run says becomes script; no other host is asked.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { ADMIN, startWithTokens } from "../lib/tenants.mjs";

const require = createRequire(path.join(process.env.MF_PAGE_NPM ?? path.resolve("build/deps/npm-page/node_modules"), "tests.js"));
const CHROMIUM = "/usr/bin/chromium"; // Debian's; third_party/install brings it.
const MEAN = (text) => `export default { fetch() { ${text} } };`;

let daemon, guarded, browser, shots;
const troubles = [], hosts = new Set();

before(async () => {
  assert.ok(existsSync(CHROMIUM), "Chromium is missing: run third_party/install");
  daemon = await Daemon.start();
  guarded = await startWithTokens();
  shots = mkdtempSync(path.join(tmpdir(), "mayfly-page-"));
  browser = await require("playwright-core").chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
});
after(async () => {
  await browser?.close();
  await Promise.all([daemon?.stop(), guarded?.stop()]);
  rmSync(shots, { recursive: true, force: true });
});

async function open({ at = daemon.url, where = "/", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: at });
  const page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error" && !(at === guarded.url && /status of 40[13]/.test(message.text()))) troubles.push(message.text()); });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => { const url = new URL(request.url()); if (url.protocol.startsWith("http")) hosts.add(url.host); });
  page.on("dialog", (dialog) => { troubles.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(at + where);
  return page;
}
// Puts |code| in the editor as a person does: all selected, then typed over.
async function write(page, code) {
  await page.locator(".editor .cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(code);
}
const outcome = (page) => page.locator(".chips .chip").first().textContent();

test("what is served: types, policy, entity tags, both encodings", async () => {
  for (const [where, type] of [["/", "text/html; charset=utf-8"], ["/ui/page.js", "text/javascript; charset=utf-8"], ["/ui/page.css", "text/css; charset=utf-8"]]) {
    const plain = await fetch(daemon.url + where, { headers: { "accept-encoding": "identity" } });
    assert.deepEqual([plain.status, plain.headers.get("content-type"), plain.headers.get("content-encoding"), plain.headers.get("x-content-type-options")], [200, type, null, "nosniff"]);
    assert.match(plain.headers.get("content-security-policy"), /default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';/);
    assert.doesNotMatch(plain.headers.get("content-security-policy").replace("style-src-attr 'unsafe-inline'", ""), /unsafe|https?:|\*/);
    const text = await plain.text();
    const packed = await fetch(daemon.url + where, { headers: { "accept-encoding": "br, gzip" } });
    assert.equal(packed.headers.get("content-encoding"), "gzip");
    assert.equal(await packed.text(), text);
    for (const refusing of ["gzip;q=0", "br"]) assert.equal((await fetch(daemon.url + where, { headers: { "accept-encoding": refusing } })).headers.get("content-encoding"), null, refusing);
    const seen = await fetch(daemon.url + where, { headers: { "if-none-match": plain.headers.get("etag") } });
    assert.deepEqual([seen.status, await seen.text()], [304, ""]);
    assert.equal((await fetch(daemon.url + where, { headers: { "if-none-match": 'W/"another"' } })).status, 200);
  }
  assert.match(await (await fetch(`${daemon.url}/ui/page.js`)).text(), /preact \d.*MIT/s);
  assert.equal((await fetch(`${daemon.url}/ui/other.js`)).status, 404);
  assert.equal((await fetch(`${daemon.url}/`, { method: "POST" })).status, 405);
  assert.equal((await fetch(`${daemon.url}/v1/run`, { method: "POST", headers: { origin: "https://evil.example", "content-type": "text/javascript" }, body: MEAN("return new Response()") })).status, 403);
});

test("code runs, and its response, logs and use are there", async () => {
  const page = await open();
  await write(page, `export default { async fetch(request: Request, env: { A: string }) { console.warn("noted", 1); return Response.json({ a: env.A, m: request.method, h: request.headers.get("x-h"), b: await request.text() }) } };`);
  await page.locator("summary", { hasText: "Request, env" }).click();
  await page.selectOption("#field-method", "POST");
  await page.fill("#field-headers", "x-h: 1");
  await page.fill("#field-body", "body");
  await page.fill("#field-env", '{ "A": "b" }');
  await page.click("button.run");
  await page.waitForSelector(".chips .good");
  assert.deepEqual(JSON.parse(await page.locator("pre.body").textContent()), { a: "b", m: "POST", h: "1", b: "body" });
  await page.click("#tab-logs");
  assert.match(await page.locator(".logs li.warn").textContent(), /noted 1/);
  await page.click("#tab-timing");
  assert.equal(await page.locator(".waterfall tbody tr").count() >= 2, true);
  await page.fill("#field-env", "{");
  await page.click("button.run");
  assert.match(await page.locator(".refusal").textContent(), /not sent.*Env: /);
  await page.screenshot({ path: path.join(shots, "try.png") });
  assert.ok(readFileSync(path.join(shots, "try.png")).length > 10_000);
});

test("an exception leads to its line", async () => {
  const page = await open();
  await page.selectOption("select[aria-label=Example]", "An error");
  await page.click("button.run");
  const place = page.locator(".exceptions button").first();
  assert.match(await place.textContent(), /^main\.ts:2:\d+$/);
  await place.click();
  assert.match(await page.locator(".editor .cm-activeLine").textContent(), /cart\.items\.reduce/);
  await page.selectOption("select[aria-label=Example]", "A loop without end");
  await page.click("button.run");
  await page.waitForFunction(() => document.querySelector(".chips .chip")?.textContent === "exceededCpu");
});

test("by keyboard alone", async () => {
  const page = await open();
  const reach = async (wanted) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement.matches(selector) || document.activeElement.shadowRoot?.activeElement?.matches(selector), wanted)) return;
    }
    assert.fail(`${wanted} is not reached`);
  };
  await reach("button.run");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".chips .good");
  await reach(".cm-content");
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(MEAN('return new Response("typed")'));
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => document.querySelector("pre.body")?.textContent === "typed");
  await page.keyboard.press("Escape");
  await reach("[role=tab]");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("[role=tab][aria-selected=true]").textContent(), "Logs 0");
});

test("shared as a curl line, which says the same, and as a link", async () => {
  const page = await open();
  await write(page, MEAN(`return new Response("it's shared ☃")`));
  await page.click("text=Copy curl");
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.startsWith("curl ")));
  const line = await page.evaluate(() => navigator.clipboard.readText());
  const { execFileSync } = await import("node:child_process");
  assert.equal(JSON.parse(execFileSync("sh", ["-c", `${line} -s`], { encoding: "utf8" })).response.body, "it's shared ☃");
  await page.click("text=Copy link");
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.startsWith("http")));
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  const other = await open({ where: link.pathname + link.hash });
  await other.click("button.run");
  await other.waitForFunction(() => document.querySelector("pre.body")?.textContent === "it's shared ☃");
  for (const broken of ["#try=%%%", "#try=e30", `#try=${btoa('{"code":5}')}`]) assert.equal(await (await open({ where: `/${broken}` })).locator("button.run").count(), 1);
});

test("what a run says is text, whatever it says", async () => {
  const page = await open();
  const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>\\u001b[31m\\u202e';
  await write(page, `export default { fetch() { console.log("${evil}"); return new Response("${evil}", { headers: { "content-type": "text/html", "x-evil": "<b>" } }) } };`);
  await page.click("button.run");
  await page.waitForSelector(".chips .good");
  assert.match(await page.locator("pre.body").textContent(), /^<img src=x/);
  await page.click("#tab-logs");
  assert.match(await page.locator(".logs .text").textContent(), /<script>/);
  assert.equal(await page.locator("main img, main script, main b").count(), 0);
  await write(page, MEAN(`throw new Error("<img src=x onerror=alert(3)>".repeat(3))`));
  await page.click("button.run");
  await page.waitForFunction(() => document.querySelector(".chips .chip")?.textContent === "exception");
  assert.equal(await page.locator("main img").count(), 0);
  await write(page, MEAN(`return new Response("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(4)'/>", { headers: { "content-type": "image/svg+xml" } })`));
  await page.click("button.run");
  await page.waitForSelector(".chips .good");
  assert.equal(await page.locator("main img").count(), 0);
  await write(page, MEAN(`return new Response("x".repeat(3000000))`));
  await page.click("button.run");
  await page.waitForFunction(() => document.querySelector("pre.body")?.textContent.length === 200_000);
  const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  await write(page, MEAN(`return new Response(Uint8Array.from(atob("${png}"), (c) => c.charCodeAt(0)), { headers: { "content-type": "image/png" } })`));
  await page.click("button.run");
  await page.waitForFunction(() => document.querySelector(".panel img")?.naturalWidth === 1);
});

test("Watch shows a run that somebody else makes, as it ends, with its details", async () => {
  const page = await open({ where: "/#watch" });
  await page.waitForFunction(() => document.querySelector("[role=status]:not(#token-who):not(.bar *)")?.textContent !== undefined && document.body.textContent.includes("Live"));
  const { id } = await (await fetch(`${daemon.url}/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code: { compatibilityDate: "2026-09-01", mainModule: "a.js", modules: { "a.js": MEAN('console.log("seen from afar"); return new Response("x")') } }, request: { url: "https://watched.example/" } }) })).json();
  const row = page.locator(".runs tr", { hasText: id });
  await row.waitFor();
  assert.match(await row.textContent(), /watched\.example/);
  await row.locator("button").click();
  await page.locator(".details .logs", { hasText: "seen from afar" }).waitFor();
  assert.match(await page.locator("figure", { hasText: "Executors" }).textContent(), /ready/);
  assert.match(await page.locator("figure", { hasText: "Wall time" }).textContent(), /p50/);
  await page.locator("figure", { hasText: "Used today" }).locator("td", { hasText: /^\$/ }).first().waitFor();
  await page.screenshot({ path: path.join(shots, "watch.png") });
});

test("with tokens: the page opens, says what is wanted, and takes one for this tab alone", async () => {
  const page = await open({ at: guarded.url });
  await page.click("button.run");
  assert.match(await page.locator(".refusal").textContent(), /401.*auth\.missing/s);
  await page.fill("#token", "mf_wrong");
  await page.keyboard.press("Enter");
  await page.click("button.run");
  await page.waitForFunction(() => document.querySelector(".refusal")?.textContent.includes("auth.token"));
  await page.fill("#token", ADMIN);
  await page.keyboard.press("Enter");
  await page.click("button.run");
  await page.waitForSelector(".chips .good");
  await page.waitForFunction(() => document.querySelector("#token-who").textContent.includes("admin"));
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage) + document.cookie + location.href), '{"mayfly.theme":""}' + guarded.url + "/");
  const { token } = await guarded.token(["run"]);
  await page.fill("#token", token);
  await page.keyboard.press("Enter");
  await page.click("nav button:has-text('Watch')");
  await page.locator(".refusal").waitFor();
});

test("dark, light and narrow; and no barrier that axe-core knows of", async () => {
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }]) {
    for (const where of ["/", "/#watch"]) {
      const page = await open({ where, bypassCSP: true, ...options });
      if (where === "/") { await page.click("button.run"); await page.waitForSelector(".chips .good"); } else await page.locator(".runs tbody tr").first().waitFor();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`), [], JSON.stringify(options) + where);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `no sideways scrolling: ${JSON.stringify(options)}${where}`);
      await page.context().close();
    }
  }
  const page = await open({ colorScheme: "light" });
  const light = await background(page);
  await page.selectOption(".theme select", "dark");
  await page.waitForFunction((light) => getComputedStyle(document.body).backgroundColor !== light, light);
  const dark = await background(page);
  await page.reload();
  await page.waitForSelector(".theme select");
  assert.equal(await background(page), dark, "the choice is kept");
  await page.selectOption(".theme select", "");
  await page.waitForFunction((light) => getComputedStyle(document.body).backgroundColor === light, light);
});

test("nothing was refused by the policy, no script failed, and no other host was asked", () => {
  assert.deepEqual(troubles, []);
  assert.deepEqual([...hosts].sort(), [new URL(daemon.url).host, new URL(guarded.url).host].sort());
});
