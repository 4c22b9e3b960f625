// html_rewriter.test.mjs - HTMLRewriter in a worker: what Cloudflare documents, wherever the pieces of a document end, and documents that
// want to do harm.
// https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/
import { test, before, after } from "node:test";
import { Daemon, worker, assert } from "../lib/mayfly.mjs";

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// `rewrite(html, build, sizes)`: the document in pieces of each of |sizes| bytes (0: whole) through what build(rewriter, log) makes of a new
// HTMLRewriter; [output, log] of each, which are one if all are equal.
const HELPERS = `
  const streamOf = (bytes, size) => { let at = 0; return new ReadableStream({ pull(c) { if (at >= bytes.length) { c.close(); return; } c.enqueue(bytes.slice(at, at + size)); at += size; } }); };
  const latin1 = (bytes) => { let text = ""; for (const byte of bytes) text += String.fromCharCode(byte); return text; };
  const once = async (bytes, build, size, headers) => { const log = []; const response = new Response(size === 0 ? bytes : streamOf(bytes, size), { headers }); const rewriter = new HTMLRewriter(); build(rewriter, log); return [new Uint8Array(await rewriter.transform(response).arrayBuffer()), log]; };
  const rewrite = async (html, build, sizes = [0, 1, 2, 3, 5, 7, 64], headers = { "content-type": "text/html" }) => { const bytes = typeof html === "string" ? new TextEncoder().encode(html) : html; const results = [];
    for (const size of sizes) { const [out, log] = await once(bytes, build, size, headers); const text = JSON.stringify([new TextDecoder().decode(out), log]); if (!results.includes(text)) results.push(text); }
    return results.length === 1 ? JSON.parse(results[0]) : results.map((text) => JSON.parse(text)); };
  const thrown = (call) => { try { call(); return "nothing"; } catch (e) { return e.name + ": " + e.message; } };`;
async function run(body, more = {}) {
  const answer = await daemon.run(`${HELPERS}\n${worker(`${body}`)}`, more);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer, null, 1));
  assert.deepEqual(answer.exceptions, []);
  return JSON.parse(answer.response.body);
}
// One document, one rewriter, what comes out.
const out = async (html, build) => {
  const result = await run(`return Response.json(await rewrite(${JSON.stringify(html)}, (r, log) => { ${build} }));`);
  assert.equal(result.length, 2, JSON.stringify(result));
  assert.equal(typeof result[0], "string", `the pieces matter: ${JSON.stringify(result)}`);
  return result;
};
const same = (name, html, build, expected, log = []) => test(name, async () => assert.deepEqual(await out(html, build), [expected, log]));

/* ---- elements ---- */

same("before, after, prepend, append: their order, and what is escaped", "<a><p>x</p></a>",
  `r.on("p", { element(e) { e.before("1<"); e.before("2", { html: true }); e.after("1"); e.after("<i>2</i>", { html: true }); e.prepend("1"); e.prepend("2>"); e.append("1&"); e.append("2"); } })`,
  "<a>1&lt;2<p>2&gt;1x1&amp;2</p><i>2</i>1</a>");
same("replace, remove, removeAndKeepContent, setInnerContent", "<b>1<i>in</i></b><b>2<i>in</i></b><b>3<i>in</i></b><b>4<i>in</i></b><b>5</b>",
  `let n = 0; r.on("b", { element(e) { log.push(e.removed); switch (++n) { case 1: e.replace("<u>", { html: true }); e.before("("); e.after(")"); break; case 2: e.remove(); break; case 3: e.removeAndKeepContent(); e.prepend("["); e.append("]"); break; case 4: e.setInnerContent("<new>"); e.append("+"); break; } log.push(e.removed); } })`,
  "(<u>)[3<i>in</i>]<b>&lt;new&gt;+</b><b>5</b>", [false, true, false, true, false, true, false, false, false, false]);
same("attributes: read, set, removed, listed", `<a HREF='/x?a=1&amp;b' data-x  Empty disabled=disabled title="q'q" dup=1 DUP=2>l</a><a id=x/>`,
  `r.on("a[href]", { element(e) { log.push([...e.attributes], e.getAttribute("href"), e.getAttribute("HREF"), e.getAttribute("none"), e.hasAttribute("Empty"), e.getAttribute("data-x"), e.getAttribute("dup")); log.push(e.setAttribute("href", "/y\\"z&") === e); e.setAttribute("New", "\u00e9"); e.removeAttribute("disabled"); e.removeAttribute("none"); log.push(e.hasAttribute("disabled"), e.getAttribute("new")); } })`,
  `<a href="/y&quot;z&" data-x Empty title="q'q" dup=1 new="\u00e9">l</a><a id=x/>`,
  [[["href", "/x?a=1&amp;b"], ["data-x", ""], ["empty", ""], ["disabled", "disabled"], ["title", "q'q"], ["dup", "1"]], "/x?a=1&amp;b", "/x?a=1&amp;b", null, true, "", "1", true, false, "\u00e9"]);
same("names: read and changed, with the end tag", "<DIV Class=a>x<br>y</Div><svg viewBox='0 0'><foreignObject><p>h</p></foreignObject><path /></svg>",
  `r.on("*", { element(e) { log.push([e.tagName, e.namespaceURI.split("/").at(-1)]); if (e.tagName === "div") { e.tagName = "Section"; log.push(e.tagName); } if (e.tagName === "path") e.setAttribute("d", "m"); } })`,
  `<Section Class=a>x<br>y</Section><svg viewBox='0 0'><foreignObject><p>h</p></foreignObject><path d="m" /></svg>`,
  [["div", "xhtml"], "section", ["br", "xhtml"], ["svg", "svg"], ["foreignobject", "svg"], ["p", "xhtml"], ["path", "svg"]]);
same("void elements have neither content nor an end tag", "<img src=x><br/><input>", `r.on("*", { element(e) { e.prepend("p"); e.append("a"); e.setInnerContent("i"); e.after("|"); log.push(thrown(() => e.onEndTag(() => {}))); } })`,
  "<img src=x>|<br/>|<input>|", Array(3).fill("TypeError: Parser error: No end tag."));
same("end tags", "<p>a<b>c</b></p><p>unclosed", `r.on("p", { element(e) { e.append("."); e.onEndTag((t) => { log.push(t.name); t.before("<", { html: false }); t.after("!"); }); e.onEndTag((t) => { t.name = "q"; }); } }).on("b", { element(e) { e.onEndTag((t) => t.remove()); } })`,
  "<p>a<b>c.&lt;</q>!<p>unclosed", ["p"]);
same("several rules and handlers: in the order in which they were given", "<p class=a>x</p>", `for (const [s, n] of [["p", 1], [".a", 2], ["p.a", 3]]) r.on(s, { element(e) { log.push(n, e.getAttribute("n")); e.setAttribute("n", String(n)); e.before(String(n)); } })`,
  `123<p class=a n="3">x</p>`, [1, null, 2, "1", 3, "2"]);
same("what is in a removed element is heard, not seen", "<a>1<b>2</b><!--c--></a>3", `r.on("a", { element(e) { e.remove(); e.after("after"); } }).on("b", { element(e) { log.push(e.tagName); e.before("gone"); e.replace("gone"); } }).on("a", { comments(c) { log.push(c.text); c.after("gone"); } })`,
  "after3", ["b", "c"]);
same("what is left open ends with what is around it", "<ul><li>1<li>2</ul><p>x", `r.on("li", { element(e) { e.setInnerContent("-"); } }).on("ul", { element(e) { e.onEndTag((t) => { log.push(t.name); }); e.append("end"); } })`,
  "<ul><li>-end</ul><p>x", ["ul"]);

test("esi:include has no end tag where the worker says so", async () => {
  const body = `return Response.json(await rewrite("<p>a<esi:include src=x>b</p>c", (r) => r.on("esi\\\\:include", { element(e) { e.replace("[esi]"); } })));`;
  assert.deepEqual(await run(body), ["<p>a[esi]</p>c", []]);
  assert.deepEqual(await run(body, { code: { compatibilityFlags: ["html_rewriter_treats_esi_include_as_void_tag"] } }), ["<p>a[esi]b</p>c", []]);
});

/* ---- text, comments, the document ---- */

test("text comes in pieces, the last one empty, and can be changed", async () => {
  const whole = await run(`return Response.json(await rewrite("<p>a &lt; b<i>\u20acc</i>d</p>e<title>t<b>t</title>", (r, log) => r.on("p", { text(t) { log.push([t.text, t.lastInTextNode, t.removed]); } }).on("title", { text(t) { log.push(["title", t.text]); } }), [0]));`);
  assert.deepEqual(whole, ["<p>a &lt; b<i>\u20acc</i>d</p>e<title>t<b>t</title>", [["a &lt; b", false, false], ["", true, false], ["\u20acc", false, false], ["", true, false], ["d", false, false], ["", true, false], ["title", "t<b>t"], ["title", ""]]]);
  assert.deepEqual(await out("<p>a &lt; \ud83d\ude00b<i>c</i></p>d<script>if (a < b) </script>", `let text = ""; r.on("p, script", { text(t) { text += t.text; if (t.lastInTextNode) { log.push(text); t.replace("[" + text + "]"); text = ""; } else { t.remove(); } } })`),
    ["<p>[a &amp;lt; \ud83d\ude00b]<i>[c]</i></p>d<script>[if (a &lt; b) ]</script>", ["a &lt; \ud83d\ude00b", "c", "if (a < b) "]]);
  assert.deepEqual(await out("x<b>y</b>", `let n = 0; r.onDocument({ text(t) { if (t.lastInTextNode) { t.before("<" + n); t.after("<br>", { html: true }); n++; } } })`), ["x&lt;0<br><b>y&lt;1<br></b>", []]);
});
same("comments, and what the standard makes comments", "<!--a--><p><!-- b > -- --!><!><?php x?></ z></p><!--->c<!---->", `r.on("p", { comments(c) { log.push(["p", c.text]); } }).onDocument({ comments(c) { log.push(c.text); if (c.text === "a") { c.text = "A"; c.before("1"); c.after("<2>"); } if (c.text.startsWith("?php")) c.replace("<hr>", { html: true }); if (c.text === " z") c.remove(); log.push(c.removed); } })`,
  "1<!--A-->&lt;2&gt;<p><!-- b > -- --!><!><hr></p><!--->c<!---->", ["a", false, " b > -- ", false, ["p", " b > -- "], "", false, ["p", ""], "?php x?", true, ["p", "?php x?"], " z", true, ["p", " z"], "", false, "", false]);
same("the doctype and the end of the document", `<!DOCTYPE HTML PUBLIC "-//W3C//DTD X" 'sys'><p>`, `r.onDocument({ doctype(d) { log.push([d.name, d.publicId, d.systemId]); }, end(e) { log.push("end"); e.append("<1>"); e.append("<2>", { html: true }); } })`,
  `<!DOCTYPE HTML PUBLIC "-//W3C//DTD X" 'sys'><p>&lt;1&gt;<2>`, [["html", "-//W3C//DTD X", "sys"], "end"]);
same("handlers may be asynchronous, and are called on their object", "<p>a</p><p>b</p><!--c-->", `const wait = () => new Promise((resolve) => setTimeout(resolve, 1)); r.on("p", { n: 0, async element(e) { await wait(); this.n++; e.setAttribute("n", this.n); e.onEndTag(async (t) => { await wait(); t.after("|"); }); }, async text(t) { await null; if (t.lastInTextNode) t.after("."); } }).onDocument({ async comments(c) { await wait(); c.text = "C"; }, async end(e) { await wait(); e.append("end"); } })`,
  `<p n="1">a.</p>|<p n="2">b.</p>|<!--C-->end`);

/* ---- selectors ---- */

test("selectors", async () => {
  const html = `<html><body id=b class="x y"><div lang=en-US data-v="a b"><p>1</p><p class=q TITLE=Abc>2</p><span><p id=3>3</p><em>4</em><p>5</p></span><P>6</P></div><p>7<a href=/x.png type=TEXT>8</a></p></body></html>`;
  const cases = {
    "*": 12, p: 6, P: 6, "div p": 5, "div > p": 3, "div>p.q": 1, "#b": 1, ".x.y": 1, ".Y": 0, "body#b > p a": 1, "p, a": 7, "p:first-child": 2, "p:nth-child(2)": 2, "p:nth-child(odd)": 3, "p:nth-of-type(2n+1)": 4, "p:nth-of-type(-n+2)": 5, "em:first-of-type": 1, "div > *:nth-child(2n)": 2,
    "p:not(.q)": 5, "p:not(:first-child)": 4, "div :not(p)": 2, "[title]": 1, "[title=Abc]": 1, "[title=abc]": 0, "[title=abc i]": 1, "[type=text]": 1, "[type=text s]": 0, "[href$='.png']": 1, "[href^='/']": 1, "[href*=x]": 1, "[href*='']": 0, "[lang|=en]": 1, "[data-v~=b]": 1, "[data-v~='a b']": 0, "[class~=x]": 1, "a[href][type]": 1, "html div span p": 2, "body body": 0, "div > span > p": 2, "#\\33": 1,
  };
  const counts = await run(`const counts = {}; for (const selector of ${JSON.stringify(Object.keys(cases))}) { const [, log] = await rewrite(${JSON.stringify(html)}, (r, log) => r.on(selector, { element(e) { log.push(e.tagName); } }), [0, 1]); counts[selector] = log.length; } return Response.json(counts);`);
  assert.deepEqual(counts, cases);
});

test("what is no selector, no handler, no name, no document is refused", async () => {
  assert.deepEqual(await run(`const r = () => new HTMLRewriter(); const inHandler = async (call) => { let text; await rewrite("<p>x</p><!--c-->", (r) => r.on("p", { element(e) { text = thrown(() => call(e)); } }).onDocument({ comments(c) { if (call.length === 2) text = thrown(() => call(null, c)); } }), [0]); return text; };
    let kept; await rewrite("<p a=b>x</p>", (r) => r.on("p", { element(e) { kept = e; } }), [0]);
    return Response.json([...["", "  ", "p + a", "p ~ a", "p:hover", "p::before", ">p", "p >", "p:has(a)", "p[", "p:nth-child(x)", "p,"].map((s) => thrown(() => r().on(s, {})).slice(0, 42)),
      thrown(() => r().on("p")), thrown(() => r().on("p", null)), thrown(() => r().on("p", { element: 1 })), thrown(() => r().onDocument(5)), thrown(() => r().transform("<p>")), thrown(() => HTMLRewriter()).slice(0, 9), thrown(() => r().transform(new Response("x", { headers: { "content-type": "text/html; charset=utf-16le" } }))), thrown(() => r().transform(new Response("x", { headers: { "content-type": "text/html; charset=none" } }))),
      await inHandler((e) => e.setAttribute("", "x")), await inHandler((e) => e.setAttribute("a b", "x")), await inHandler((e) => e.setAttribute("a=", "x")), await inHandler((e) => { e.tagName = ""; }), await inHandler((e) => { e.tagName = "1"; }), await inHandler((e) => { e.tagName = "a>"; }), await inHandler((e) => e.onEndTag()), await inHandler((e, c) => { c.text = "a-->b"; }), await inHandler((e) => e.append(Symbol())),
      ...[() => kept.tagName, () => kept.attributes, () => kept.setAttribute("a", "b"), () => kept.after("x"), () => kept.removed].map((f) => thrown(f))]);`), [
    ...["The selector is empty.", "The selector is empty.", "Unsupported combinator `+`", "Unsupported combinator `~`", "Unsupported pseudo-class", "Unsupported pseudo-class", "Unexpected end of", "Unexpected end of", "Unsupported pseudo-class", "Unexpected token in", "Invalid selector: unsup", "Unexpected token in"].map((text) => `TypeError: Parser error: ${text}`.slice(0, 42)),
    "TypeError: Failed to execute 'on' on 'HTMLRewriter': 2 arguments required, but only 1 present.", "TypeError: Failed to execute 'on' on 'HTMLRewriter': the handlers are not an object.", "TypeError: Failed to execute 'on' on 'HTMLRewriter': the handler 'element' is not a function.", "TypeError: Failed to execute 'onDocument' on 'HTMLRewriter': the handlers are not an object.", "TypeError: Failed to execute 'transform' on 'HTMLRewriter': parameter 1 is not a Response.", "TypeError", "TypeError: Parser error: Expected ASCII-compatible encoding.", "TypeError: Parser error: Unknown character encoding has been provided.",
    "TypeError: Attribute name can't be empty.", "TypeError: ` ` character is forbidden in the attribute name", "TypeError: `=` character is forbidden in the attribute name", "TypeError: Tag name can't be empty.", "TypeError: The first character of the tag name should be an ASCII alphabetical character.", "TypeError: `>` character is forbidden in the tag name", "TypeError: Failed to execute 'onEndTag' on 'Element': the handler is not a function.", "TypeError: Comment text shouldn't contain comment closing sequence (`-->`).", "TypeError: Cannot convert a Symbol value to a string",
    ...Array(5).fill("TypeError: This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler."),
  ]);
});

/* ---- streams ---- */

test("a document passes while it comes; the answer keeps status and headers, not its length", async () => {
  assert.deepEqual(await run(`const { readable, writable } = new TransformStream(); const w = writable.getWriter(); const say = (t) => w.write(new TextEncoder().encode(t));
    const r = new HTMLRewriter().on("b", { element(e) { e.setInnerContent("!"); } }).transform(new Response(readable, { status: 201, statusText: "Made", headers: { "content-type": "text/html", "content-length": "5", etag: "x" } }));
    const reader = r.body.pipeThrough(new TextDecoderStream()).getReader(); const got = []; say("<p>one<b"); got.push((await reader.read()).value); say(">two"); got.push((await reader.read()).value); say("</b>three"); got.push((await reader.read()).value); w.close(); got.push((await reader.read()).done);
    return Response.json([got, r.status, r.statusText, [...r.headers], (await new HTMLRewriter().transform(new Response(null, { status: 204 })).text()), new HTMLRewriter().transform(new Response(null, { status: 204 })).status]);`),
  [["<p>one", "<b>!", "</b>three", true], 201, "Made", [["content-type", "text/html"], ["etag", "x"]], "", 204]);
});

test("content can be a stream or a Response", async () => {
  assert.deepEqual(await run(`const piece = (text) => streamOf(new TextEncoder().encode(text), 1); const result = await rewrite("<p>x</p><q>y</q>", (r) => r.on("p", { element(e) { e.prepend(piece("<i>\u20ac</i>"), { html: true }); e.append(piece("<\u20ac>")); e.after(new Response("<resp>"), { html: true }); } }).on("q", { element(e) { e.replace(new Response("&")); } }), [0, 1, 4]);
    let canceled = false; await rewrite("<p><b>x</b></p>", (r) => r.on("p", { element(e) { e.setInnerContent(""); } }).on("b", { element(e) { e.before(new ReadableStream({ cancel() { canceled = true; } })); } }), [0]); return Response.json([result, canceled]);`),
  [["<p><i>\u20ac</i>x&lt;\u20ac&gt;</p><resp>&amp;", []], true]);
});

test("errors of handlers and of the source reach who reads; who stops reading stops the source", async () => {
  assert.deepEqual(await run(`const seen = []; const failing = (handlers, body = "<p>x</p>") => new HTMLRewriter().on("p", handlers).transform(new Response(body)).text().then(() => "fine", (e) => e.name + ": " + e.message);
    seen.push(await failing({ element() { throw new RangeError("sync"); } }), await failing({ async element() { throw new RangeError("async"); } }), await failing({ text() { throw new RangeError("text"); } }), await failing({ element(e) { e.onEndTag(() => { throw new RangeError("end"); }); } }), await failing({}, new ReadableStream({ pull(c) { c.error(new RangeError("source")); } })), await failing({}, new ReadableStream({ start(c) { c.enqueue("text"); } })));
    const { promise: why, resolve } = Promise.withResolvers(); const r = new HTMLRewriter().transform(new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array([60])); }, cancel: resolve }))); const reader = r.body.getReader(); await reader.read(); await reader.cancel("enough"); seen.push(await why);
    const used = new Response("x"); await used.text(); seen.push(thrown(() => new HTMLRewriter().transform(used)).slice(0, 9)); const once = new Response("x"); new HTMLRewriter().transform(once); seen.push(once.bodyUsed || once.body.locked); return Response.json(seen);`),
  ["RangeError: sync", "RangeError: async", "RangeError: text", "RangeError: end", "RangeError: source", "TypeError: The body of the Response gave something that is not bytes.", "enough", "TypeError", true]);
});

test("one rewriter for several documents; rules do not mix", async () => {
  assert.deepEqual(await run(`const r = new HTMLRewriter().on("p:first-child", { element(e) { e.setAttribute("n", "1"); } }); const texts = await Promise.all(["<p>a", "<i><p>b<p>c", "<p>d<p>"].map((html) => r.transform(new Response(html)).text())); return Response.json(texts);`),
    [`<p n="1">a`, `<i><p n="1">b<p n="1">c`, `<p n="1">d<p n="1">`]);
});

/* ---- encodings ---- */

test("bytes that nobody changes leave as they came, in any encoding", async () => {
  assert.deepEqual(await run(`const out = []; const headers = (charset) => ({ "content-type": "text/html; charset=" + charset });
    const bytes = new Uint8Array([60, 112, 32, 116, 61, 0xe9, 62, 0x80, 0xff, 60, 47, 112, 62, 0xe9]); for (const size of [0, 1, 3]) { const [result, log] = await once(bytes, (r, log) => r.on("p", { element(e) { log.push(e.getAttribute("t")); e.after("\u20ac\ud83d\ude00"); e.append("\u00e9", { html: true }); }, text(t) { log.push(t.text); } }), size, headers("windows-1252")); out.push(latin1(result), log.join("")); }
    const invalid = new Uint8Array([0xff, 60, 98, 62, 0xc3, 60, 47, 98, 62, 0xe2, 0x82, 60, 33, 45, 45, 0xfe, 45, 45, 62, 0, 0xf0]); for (const size of [0, 1, 2]) { const [result, log] = await once(invalid, (r, log) => r.on("*", { element() {}, text(t) { log.push(t.text); } }).onDocument({ text(t) { log.push(t.text); }, comments(c) { log.push(c.text); } }), size, headers("UTF-8")); out.push(latin1(result) === latin1(invalid)); }
    const [japanese, log] = await once(new Uint8Array([60, 112, 62, 0x93, 0xfa, 60, 47, 112, 62]), (r, log) => r.on("p", { text(t) { log.push(t.text); } }), 0, headers('"Shift_JIS"')); out.push(log.join(""), japanese.length); return Response.json(out);`),
  [...Array(3).fill(["<p t=\u00e9>\u0080\u00ff&#233;</p>&#8364;&#128512;\u00e9", "\u00e9\u20ac\u00ff"]).flat(), true, true, true, "\u65e5", 9]);
});

const TRICKY = [
  "", "<", "</", "<!", "<!-", "<!--", "<!--x", "<!--x-", "<!--x--", "<p", "<p ", "<p a", "<p a=", "<p a='", "<p a='x", "<p a='x'", "<p/", "</p", "</p x", "a<b", "a < b", "<>", "</>x</ >", "<1>", "<p a=\"<b>\">x", "<p a='>'>x", "<p a=b=c d==e =f \"g>", "<p/a/b/>", "<p\n\ta\r\n=\r\nb\f>",
  "<script><!-- <script> </script> --></script>x", "<script><!--<script></script>", "<script>a</scriptx></script >b", "<style></sty</style>", "<textarea>\n<b></textarea><title></titl</title>", "<plaintext></plaintext><b>", "<xmp><b></xmp><iframe><b></iframe><noscript><b></noscript>", "<svg><![CDATA[ <b> ]]></svg><![CDATA[ <b> ]]>", "<svg><title><b></title><style><b></style></svg>", "<svg><p>out</p>", "<math><mi><b>x</b></mi><annotation-xml encoding='text/html'><p></annotation-xml></math>", "<svg/><p>x</p>", "<svg><svg/><foreignObject><svg><p>",
  "<!DOCTYPE", "<!doctype html><!DOCTYPE x PUBLIC><!doctype>", "<!ELEMENT x><!--a--!>b<!--a--!-->", "&amp;&#x3c;&notit;&", "&lt", "<a href=\"?a=1&copy=2&amp\">", "\u0000<p\u0000 a\u0000=\u0000>\u0000</p\u0000>", "\ufeff<p>\ufeff", "\u20ac<\u20ac>\u00e9</\u20ac><p\u20ac \u20ac=\u20ac>", "</p></b></i><b></p></b>", "<b><i></b></i>", "<table><tr><td>x<p></table>", "<select><option>a<p></select>", "\r\n\r<pre>\r\n\nx</pre>\r",
];
const NOOP = `r.on("*", { element(e) { log.push(e.tagName); e.onEndTag; }, text() {}, comments() {} }).onDocument({ doctype() {}, text() {}, comments() {}, end() {} })`;

test("documents of all kinds pass unchanged, in pieces of any size", async () => {
  const bad = await run(`const bad = []; for (const html of ${JSON.stringify(TRICKY)}) { const bytes = new TextEncoder().encode(html); const sizes = [0, ...Array.from({ length: Math.min(bytes.length, 12) }, (_, i) => i + 1)];
      for (const build of [(r) => r, (r, log) => { ${NOOP}; }]) { const result = await rewrite(bytes, build, sizes); if (result[0] !== html.replace(/^\\ufeff/, "")) bad.push([html, result]); } } return Response.json(bad);`, { limits: { cpuMs: 20000 } });
  assert.deepEqual(bad, []);
});

test("random documents pass unchanged, with the same elements in pieces of any size", async () => {
  const bad = await run(`let seed = 12345; const next = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return seed % n; }; const parts = ["<", ">", "/", "</", "<!--", "-->", "--", "!", "<p", "<b>", "</b>", " a=", "'", '"', "=", "<script", "</script>", "<svg>", "</svg>", "<![CDATA[", "]]>", "<title>", "</title>", "&", ";", "x", " ", "\\n", "\\u20ac", "\\u0000", "<!DOCTYPE ", "<br/>", "<textarea>", "-"];
      const bad = []; for (let i = 0; i < 400; i++) { let html = ""; for (let n = next(30); n >= 0; n--) html += parts[next(parts.length)]; const result = await rewrite(html, (r, log) => { ${NOOP}; }, [0, 1, 1 + next(9)]); if (result[0] !== html) bad.push([html, result]); } return Response.json(bad.slice(0, 5));`, { limits: { cpuMs: 20000 } });
  assert.deepEqual(bad, []);
});

/* ---- documents that want to do harm ---- */

test("large and twisted documents take time in proportion to their size", async () => {
  const shapes = {
    deep: `"<div>".repeat(n)`, "deep with text": `"<b>x".repeat(n)`, "unclosed lists": `"<ul><li>".repeat(n)`, "end tags of nothing": `"<i>".repeat(n / 2) + "</p>".repeat(n / 2)`, "attributes": `"<p " + Array.from({ length: n }, (_, i) => "a" + i + "=x").join(" ") + ">"`, "one attribute": `"<p a='" + "x".repeat(n * 8) + "'>"`, "one name": `"<" + "p".repeat(n * 8) + ">"`,
    "one comment": `"<!--" + "-".repeat(n * 8)`, "open tags": `"<a ".repeat(n)`, "less-than signs": `"<".repeat(n * 4)`, ampersands: `"&".repeat(n * 4)`, "scripts that nest": `"<script><!--".repeat(n / 2)`, "foreign elements": `"<svg><foreignObject>".repeat(n / 20)`, references: `"&amp".repeat(n)`, "CDATA": `"<svg>" + "<![CDATA[".repeat(n)`,
  };
  for (const [name, make] of Object.entries(shapes)) {
    const answer = await daemon.run(worker(`const cost = async (n) => { const html = ${make}; let count = 0; const r = new HTMLRewriter().on("div div > div b[x], p, ul li:nth-child(2n), div :not(i) i, a[a50]", { element() { count++; }, text() {} }).on("* * *", { comments() {} }); const text = await r.transform(new Response(html)).text(); if (text.length !== html.length) throw new Error("changed"); }; await cost(${process.env.ASAN_OPTIONS ? 10000 : 40000}); return new Response("ok");`), { limits: { cpuMs: 10000, wallMs: 30000 } });
    assert.equal(answer.response?.body, "ok", `${name}: ${JSON.stringify(answer)}`);
    assert.ok(answer.usage.cpuMs < 5000, `${name}: ${answer.usage.cpuMs} ms`);
  }
});

test("a document that does not end, and handlers that make it longer, end with the run's memory or time", async () => {
  const endless = await daemon.run(worker(`const bytes = new TextEncoder().encode("x".repeat(65536)); let first = true; const body = new ReadableStream({ pull(c) { c.enqueue(first ? new TextEncoder().encode("<p a='") : bytes); first = false; } }); await new HTMLRewriter().on("p", { element() {} }).transform(new Response(body)).text(); return new Response("ended");`), { limits: { cpuMs: 20000, memoryMb: 64, wallMs: 30000 } });
  assert.match(endless.outcome, /^(exceededMemory|exceededCpu|exception)$/);
  const own = await daemon.run(worker(`return new Response("alive");`));
  assert.equal(own.response.body, "alive");
});
