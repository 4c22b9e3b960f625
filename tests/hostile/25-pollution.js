// {"case": 25, "outcome": "ok", "body": "clean"}
const boom = () => { throw new Error("polluted"); };
const define = Object.defineProperty;
const each = (names, act) => { for (let i = 0; i < names.length; i++) act(names[i]); };
const patch = (object, names) => each(names, (name) => { object[name] = boom; });
patch(Array.prototype, ["push", "map", "join", "concat", "slice", "splice", "indexOf", "forEach", "shift", "sort", Symbol.iterator]);
patch(RegExp.prototype, ["exec", "test", Symbol.replace, Symbol.split, Symbol.match, Symbol.matchAll]);
patch(String.prototype, ["split", "replace", "trim", "toLowerCase", "slice", "charCodeAt", "startsWith", "indexOf"]);
patch(Promise.prototype, ["then", "finally", "catch"]);
patch(Promise, ["resolve", "reject", "all"]);
patch(JSON, ["stringify", "parse"]);
patch(Function.prototype, ["call", "apply", "bind"]);
patch(Map.prototype, ["get", "set", "has", "forEach", "entries"]);
patch(Object.getPrototypeOf(Uint8Array.prototype), ["set", "subarray", "slice"]);
patch(Object, ["keys", "defineProperty", "assign", "freeze", "create", "entries"]);
patch(Reflect, ["apply", "ownKeys", "get"]);
patch(Symbol.prototype, ["toString"]);
each(["get", "set", "status", "method", "headers", "toJSON", "body", "value", "done", "signal", "redirect", "fatal", "stream", "type", "highWaterMark", "size", "once", "capture", "passive", "detail", "writable", "enumerable"],
  (name) => { define(Object.prototype, name, { __proto__: null, get: boom, configurable: true }); });
export default {
  async fetch(request) {
    const headers = new Headers();
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
