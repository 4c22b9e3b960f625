// html_rewriter.test.mjs - HTMLRewriter's selectors beside cheerio's, over documents made at random: the same elements, in order.
import { test, before, after } from "node:test";
import { createRequire } from "node:module";
import path from "node:path";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";

const npm = process.env.MF_LIBRARIES_NPM ?? path.resolve("build/deps/npm-libraries/node_modules");
const cheerio = createRequire(path.join(npm, "noop.js"))("cheerio/slim");

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

let seed = 42;
const next = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return (seed >> 8) % n; };
const pick = (list) => list[next(list.length)];

const TAGS = ["div", "span", "section", "em", "x-y", "img"];
const ATTRIBUTES = ["class=a", 'class="a b"', "class='b c'", "id=one", "id=two", "data-x", "data-x=v", 'data-x="v w"', "data-x=v-w", "lang=en-US", "TYPE=Text"];
let count = 0;
function tree(depth) {
  let html = "";
  for (let n = next(4) + (depth === 0 ? 4 : 0); n > 0; n--) {
    const tag = pick(TAGS);
    const seen = new Set();
    const attributes = Array.from({ length: next(3) }, () => pick(ATTRIBUTES)).filter((text) => !seen.has(text.split("=")[0].toLowerCase()) && seen.add(text.split("=")[0].toLowerCase()));
    html += `<${[tag, `n=${count++}`, ...attributes].join(" ")}>${tag === "img" ? "" : `${depth < 6 ? tree(depth + 1) : ""}t</${tag}>`}`;
  }
  return html;
}
const SIMPLE = ["*", "div", "span", "em", "x-y", ".a", ".b.c", "#one", "[data-x]", "[data-x=v]", "[data-x~=w]", "[data-x|=v]", "[data-x^=v]", "[data-x$=w]", "[data-x*=' ']", "[type=text]", "[lang|=en i]", ":first-child", ":first-of-type", ":nth-child(2)", ":nth-child(2n+1)", ":nth-child(-n+2)", ":nth-of-type(even)", ":nth-of-type(3n-1)", ":not(.a)", ":not(div, [data-x])", "div:not(:first-child)", "span.a:nth-child(odd)"];
function selector() {
  let text = pick(SIMPLE);
  for (let n = next(4); n > 0; n--) text += pick([" ", " > "]) + pick(SIMPLE);
  return next(5) === 0 ? `${text}, ${pick(SIMPLE)}` : text;
}

test("the same elements", async () => {
  let found = 0;
  for (let round = 0; round < 10; round++) {
    count = 0;
    const html = tree(0);
    const selectors = [...SIMPLE, ...Array.from({ length: 120 }, selector)];
    const answer = await daemon.run(worker(`const found = {}; const rewriter = new HTMLRewriter(); for (const s of ${JSON.stringify(selectors)}) { found[s] ??= []; rewriter.on(s, { element(e) { if (found[s].at(-1) !== e.getAttribute("n")) found[s].push(e.getAttribute("n")); } }); }
      const out = await rewriter.transform(new Response(${JSON.stringify(html)})).text(); return Response.json([out, found]);`), { limits: { cpuMs: 20000 } });
    assert.equal(answer.outcome, "ok", JSON.stringify(answer));
    const [out, ours] = JSON.parse(answer.response.body);
    assert.equal(out, html);
    const $ = cheerio.load(html, null, false);
    for (const one of selectors) {
      const theirs = $(one).map((i, element) => $(element).attr("n")).get();
      assert.deepEqual(ours[one], theirs, `${one} in ${html}`);
      found += theirs.length;
    }
  }
  assert.ok(found > 10000, `${found} elements`);
});
