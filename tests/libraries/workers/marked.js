import assert from "node:assert/strict";
import { Lexer, Marked, marked } from "marked";
import { worker } from "./cases.js";

export default worker({
  "GitHub's Markdown to HTML": () => {
    assert.equal(marked.parse("# Title\n\nA *b* **c** `d` [e](https://f.example \"g\") ~~h~~\n\n- [x] done\n- [ ] open\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n```js\nx < 1\n```\n"),
      `<h1>Title</h1>\n<p>A <em>b</em> <strong>c</strong> <code>d</code> <a href="https://f.example" title="g">e</a> <del>h</del></p>\n<ul>\n<li><input checked="" disabled="" type="checkbox"> done</li>\n<li><input disabled="" type="checkbox"> open</li>\n</ul>\n<table>\n<thead>\n<tr>\n<th>a</th>\n<th align="center">b</th>\n</tr>\n</thead>\n<tbody><tr>\n<td>1</td>\n<td align="center">2</td>\n</tr>\n</tbody></table>\n<pre><code class="language-js">x &lt; 1\n</code></pre>\n`);
  },
  "tokens": () => {
    assert.deepEqual(Lexer.lex("> q\n\n1. one\n2. two\n\n---\n\ntext").filter((token) => token.type !== "space").map((token) => token.type), ["blockquote", "list", "hr", "paragraph"]);
    assert.deepEqual(marked.lexer("1. one\n2. two")[0].items.map((item) => item.text), ["one", "two"]);
  },
  "renderers, extensions, asynchronous hooks": async () => {
    const mine = new Marked({ async: true, renderer: { heading({ tokens, depth }) { return `<h${depth} id="x">${this.parser.parseInline(tokens)}</h${depth}>`; } }, walkTokens: async (token) => { if (token.type === "link") { await null; token.href += "?seen"; } },
      extensions: [{ name: "shout", level: "inline", start: (src) => src.indexOf("!!"), tokenizer(src) { const match = /^!!(.+?)!!/.exec(src); return match ? { type: "shout", raw: match[0], text: match[1] } : undefined; }, renderer: (token) => token.text.toUpperCase() }] });
    assert.equal(await mine.parse("# A *b*\n\n[l](/p) !!hey!!"), '<h1 id="x">A <em>b</em></h1><p><a href="/p?seen">l</a> HEY</p>\n');
  },
  "a long document": () => {
    const text = Array.from({ length: 500 }, (_, i) => `## Section ${i}\n\nSome *text* with [a link](https://example.com/${i}).\n`).join("\n");
    const html = marked.parse(text);
    assert.equal(html.match(/<h2>/g).length, 500);
    assert.ok(html.endsWith('<a href="https://example.com/499">a link</a>.</p>\n'));
  },
});
