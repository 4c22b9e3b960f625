import assert from "node:assert/strict";
import * as cheerio from "cheerio";
import { worker } from "./cases.js";

const page = `<!doctype html><html><head><title>T &amp; U</title></head><body><ul id=list><li class="a b">One<li class=b data-n='{"x":1}'>Two</ul><form><input name=q value="a b"><select name=s><option value=1>x<option value=2 selected>y</select></form><p>text <b>bold</b> tail</p></body></html>`;

export default worker({
  "selects and reads": () => {
    const $ = cheerio.load(page);
    assert.equal($("title").text(), "T & U");
    assert.deepEqual($("li.b").map((i, el) => $(el).text()).get(), ["One", "Two"]);
    assert.deepEqual([$("li:nth-child(2)").data("n"), $("li:has(~ li)").attr("class"), $("p > b").parent().contents().length, $("li:not(.a)").length, $("[data-n]").is("li")], [{ x: 1 }, "a b", 3, 1, true]);
    assert.deepEqual($("form").serializeArray(), [{ name: "q", value: "a b" }, { name: "s", value: "2" }]);
  },
  "changes and writes": () => {
    const $ = cheerio.load(page);
    $("li").first().addClass("new").removeClass("a").after("<li>Between</li>").text("1 < 2");
    $("b").replaceWith((i, el) => `<i>${$(el).text()}</i>`);
    $("form").remove();
    assert.equal($("body").html(), `<ul id="list"><li class="b new">1 &lt; 2</li><li>Between</li><li class="b" data-n="{&quot;x&quot;:1}">Two</li></ul><p>text <i>bold</i> tail</p>`);
    assert.equal($.text().includes("Between"), true);
  },
  "extracts by a description": () => {
    const $ = cheerio.load(page);
    assert.deepEqual($.extract({ title: "title", items: [{ selector: "li", value: "class" }], all: ["li"] }), { title: "T & U", items: ["a b", "b"], all: ["One", "Two"] });
  },
  "XML and fragments": () => {
    const $ = cheerio.load(`<?xml version="1.0"?><r:root xmlns:r="u"><r:item n="1"/><![CDATA[ a < b ]]></r:root>`, { xml: true });
    assert.equal($("r\\:item").attr("n"), "1");
    assert.equal($.xml(), `<?xml version="1.0"?><r:root xmlns:r="u"><r:item n="1"/><![CDATA[ a < b ]]></r:root>`);
    assert.equal(cheerio.load("<td>x", null, false).html(), "<td>x</td>");
  },
});
