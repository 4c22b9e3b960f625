import assert from "node:assert/strict";
import { createElement as h, lazy, Suspense, use, useId, useState } from "react";
import { renderToReadableStream, renderToString } from "react-dom/server.edge";
import { worker } from "./cases.js";

const text = (stream) => new Response(stream).text();
function Counter({ start }) {
  const [count] = useState(() => start * 2);
  return h("p", { className: "c", style: { color: "red" } }, "Count: ", count, " ", h("label", { htmlFor: useId() }, "<l>"));
}

export default worker({
  "to a string": () => {
    assert.equal(renderToString(h("div", { "data-x": 'q"' }, h(Counter, { start: 2 }), null, false, ["a", "b"].map((key) => h("i", { key }, key)))),
      `<div data-x="q&quot;"><p class="c" style="color:red">Count: <!-- -->4<!-- --> <label for="_R_1_">&lt;l&gt;</label></p><i>a</i><i>b</i></div>`);
  },
  "to a stream, the shell before what is waited for": async () => {
    const { promise, resolve } = Promise.withResolvers();
    const Later = () => h("b", null, use(promise));
    const stream = await renderToReadableStream(h("main", null, h(Suspense, { fallback: h("em", null, "wait") }, h(Later))));
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader.read()).value;
    assert.match(first, /<em>wait<\/em>/);
    resolve("arrived");
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    assert.match(rest, /<b>arrived<\/b>/);
  },
  "all at once, with modules that are loaded lazily": async () => {
    const Lazy = lazy(async () => ({ default: ({ name }) => h("u", null, name) }));
    const stream = await renderToReadableStream(h("html", null, h("body", null, h(Suspense, { fallback: "..." }, h(Lazy, { name: "L" })))));
    await stream.allReady;
    assert.match(await text(stream), /^<!DOCTYPE html><html>.*<u>L<\/u>.*<\/body><\/html>$/s);
  },
  "errors of components, and a render that is given up": async () => {
    const Bad = () => { throw new Error("bad component"); };
    await assert.rejects(renderToReadableStream(h(Bad), { onError() {} }), /bad component/);
    const controller = new AbortController(), seen = [];
    const stream = await renderToReadableStream(h(Suspense, { fallback: "fallback" }, h(() => use(new Promise(() => {})))), { signal: controller.signal, onError: (error) => { seen.push(error.message); } });
    controller.abort(new Error("enough"));
    assert.match(await text(stream), /fallback/);
    assert.deepEqual(seen, ["enough"]);
  },
});
