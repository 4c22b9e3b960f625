import assert from "node:assert/strict";
import { DOMParser, parseHTML } from "linkedom";
import { worker } from "./cases.js";

export default worker({
  "a document with queries, attributes, class lists and text": () => {
    const { document } = parseHTML(`<!doctype html><html><head><title>t</title></head><body><div id="a" class="x y"><p>one</p><p data-k="v">two &amp; three</p></div></body></html>`);
    assert.deepEqual([...document.querySelectorAll("#a > p")].map((p) => p.textContent), ["one", "two & three"]);
    const div = document.getElementById("a");
    div.classList.toggle("y"); div.classList.add("z"); div.setAttribute("title", 'q"');
    assert.equal(div.cloneNode(false).outerHTML, '<div title="q&quot;" id="a" class="x z"></div>');
    assert.deepEqual([div.children[1].dataset.k, div.closest("body") === document.body, div.matches(".x.z"), document.title], ["v", true, true, "t"]);
  },
  "nodes that are made, moved and removed": () => {
    const { document } = parseHTML("<ul></ul>");
    const ul = document.querySelector("ul");
    for (const text of ["b", "c"]) { const li = document.createElement("li"); li.append(text); ul.append(li); }
    const first = document.createElement("li"); first.textContent = "<a>"; ul.prepend(first);
    ul.lastElementChild.remove();
    ul.insertAdjacentHTML("beforeend", "<li><em>d</em></li>");
    assert.equal(ul.innerHTML, "<li>&lt;a&gt;</li><li>b</li><li><em>d</em></li>");
  },
  "events that bubble, custom elements, mutation observers": async () => {
    const { document, customElements, HTMLElement, Event, MutationObserver } = parseHTML("<main><button>b</button></main>");
    const heard = [];
    document.querySelector("main").addEventListener("press", (event) => heard.push(event.target.localName));
    document.querySelector("button").dispatchEvent(new Event("press", { bubbles: true }));
    customElements.define("my-tag", class extends HTMLElement { connectedCallback() { this.innerHTML = "<b>made</b>"; } });
    const seen = new Promise((resolve) => new MutationObserver((records) => resolve(records.length)).observe(document.querySelector("main"), { childList: true }));
    document.querySelector("main").append(document.createElement("my-tag"));
    assert.deepEqual([heard, document.querySelector("my-tag b").textContent, await seen], [["button"], "made", 1]);
  },
  "XML": () => {
    const xml = new DOMParser().parseFromString(`<feed><entry id="1"><title>A</title></entry><entry id="2"/></feed>`, "text/xml");
    assert.deepEqual([...xml.querySelectorAll("entry")].map((e) => e.getAttribute("id")), ["1", "2"]);
    assert.equal(xml.querySelector("entry:last-child").toString(), '<entry id="2" />');
  },
});
