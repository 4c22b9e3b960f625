// {"case": 25, "outcome": "ok", "body": "clean"}
const boom = () => { throw new Error("polluted"); };
for (const name of ["get", "set", "status", "method", "headers", "toJSON", "body", "value", "done", "signal", "redirect", "fatal", "stream", "type", "highWaterMark", "size", "once", "capture", "passive", "detail", "writable", "enumerable"]) {
  Object.defineProperty(Object.prototype, name, { __proto__: null, get: boom, configurable: true });
}
Array.prototype[Symbol.iterator] = boom;
for (const name of ["push", "map", "join", "concat", "slice", "splice", "indexOf", "forEach", "shift", "sort"]) Array.prototype[name] = boom;
for (const name of ["exec", "test"]) RegExp.prototype[name] = boom;
for (const symbol of [Symbol.replace, Symbol.split, Symbol.match, Symbol.matchAll]) RegExp.prototype[symbol] = boom;
for (const name of ["split", "replace", "trim", "toLowerCase", "slice", "charCodeAt", "startsWith", "indexOf"]) String.prototype[name] = boom;
Promise.prototype.then = boom; Promise.prototype.finally = boom; Promise.prototype.catch = boom; Promise.resolve = boom;
JSON.stringify = boom; JSON.parse = boom;
Function.prototype.call = boom; Function.prototype.apply = boom; Function.prototype.bind = boom;
for (const name of ["get", "set", "has", "forEach", "entries"]) { Map.prototype[name] = boom; }
for (const name of ["set", "subarray", "slice"]) Object.getPrototypeOf(Uint8Array.prototype)[name] = boom;
Object.keys = boom; Object.defineProperty = boom; Object.assign = boom; Object.freeze = boom; Reflect.apply = boom; Symbol.prototype.toString = boom;
export default {
  async fetch(request) {
    const headers = new Headers([]);
    headers.append("x-a", "1");
    const url = new URL("http://a.example/b?c=d#e");
    const params = url.searchParams;
    params.append("f", "g");
    new TextDecoder().decode(new TextEncoder().encode("text"));
    const request2 = new Request("http://a.example/", undefined);
    request2.clone();
    const controller = new AbortController();
    controller.abort();
    structuredClone("x");
    atob(btoa("x"));
    crypto.randomUUID();
    console.log("text", 1, null);
    setTimeout(() => {}, 0);
    const text = await new Response("body").text();
    return new Response(text === "body" && url.href === "http://a.example/b?c=d&f=g#e" ? "clean" : `${text} ${url.href}`);
  },
};
