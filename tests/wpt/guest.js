// guest.js - what stands beside a test in its worker: a scope like a dedicated worker's, and the results as the response.
"use strict";

// What the tests patch is taken first.
const { stringify, parse } = JSON;
const { Request, Response, URL, setTimeout } = globalThis;

const HARNESS = "resources/testharness.js";
const LACK_MS = 200; // what else is missing is seen by then

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
}

function newLocation(address) {
  const url = new URL(address);
  const location = { toString: () => url.href };
  for (const key of ["href", "origin", "protocol", "host", "hostname", "port", "pathname", "search", "hash"]) location[key] = url[key];
  return location;
}

// A page's scripts name things relative to it; a worker of ours has no address. |absolute| makes one of the first argument.
function proxyOf(target, absolute) {
  const proxy = new Proxy(target, {
    apply: (self, receiver, args) => Reflect.apply(self, receiver, absolute(args)),
    construct: (self, args, newTarget) => Reflect.construct(self, absolute(args), newTarget === proxy ? self : newTarget),
  });
  if (target.prototype !== undefined) Object.defineProperty(target.prototype, "constructor", { value: proxy });
  return proxy;
}

function placeAt(address) {
  const absolute = (args) => {
    if (args.length === 0 || args[0] === undefined || typeof args[0] === "symbol" || args[0] instanceof Request) return args;
    const [first, ...rest] = args;
    const text = `${first}`;
    return [URL.canParse(text, address) ? new URL(text, address).href : text, ...rest];
  };
  for (const name of ["Request", "EventSource", "WebSocket", "fetch"]) {
    if (typeof globalThis[name] === "function") Object.defineProperty(globalThis, name, { value: proxyOf(globalThis[name], absolute) });
  }
  Object.defineProperty(globalThis.Response, "redirect", { value: proxyOf(globalThis.Response.redirect, absolute) });
}

function importerOf(scripts, address, runScript) {
  return (...urls) => {
    for (const url of urls) {
      const name = new URL(url, address).pathname.slice(1);
      if (scripts[name] === undefined) throw new Error(`importScripts: ${url} is not there`);
      runScript(name);
    }
  };
}

// eval of what the runner compiled ahead; what it does not know yet goes into the second try.
function evalOf(scripts, lack) {
  return (text) => {
    if (typeof text !== "string") return text;
    const known = scripts[`eval:${text}`];
    if (known === undefined) {
      lack(text);
      throw new EvalError("not compiled ahead");
    }
    return known.call(globalThis);
  };
}

// testharness.js is there now.
function listen(finish, timeoutMs) {
  const plain = ({ name, status, message }) => ({ name, status, message: message === null ? undefined : `${message}` });
  globalThis.setup({ output: false });
  globalThis.add_completion_callback((tests, { status, message }) => finish(tests.map(plain), { status, message }));
  setTimeout(globalThis.timeout, timeoutMs);
  define("DedicatedWorkerGlobalScope", class DedicatedWorkerGlobalScope { static [Symbol.hasInstance] = (object) => object === globalThis; });
}

// Runs the scripts one after the other; resolves with a Response when testharness.js is done.
module.exports = function start(scripts, { address, order, timeoutMs, isLast }) {
  define("GLOBAL", { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false });
  define("location", newLocation(address));
  const missing = [];
  let giveUp = () => {};
  const lack = (text) => {
    missing.push(text);
    if (!isLast) setTimeout(giveUp, LACK_MS);
  };
  placeAt(address);
  define("eval", evalOf(scripts, lack));
  return new Promise((resolve) => {
    const finish = (tests, status) => resolve(new Response(stringify({ tests, status, missing })));
    giveUp = () => finish([], { status: 1, message: "something is missing" });
    const runScript = (name) => {
      if (name !== HARNESS) return void scripts[name].call(globalThis);
      // In a worker's scope testharness.js would post its results to a page.
      const { WorkerGlobalScope } = globalThis;
      delete globalThis.WorkerGlobalScope;
      scripts[name].call(globalThis);
      Object.defineProperty(globalThis, "WorkerGlobalScope", { value: WorkerGlobalScope, writable: true, configurable: true });
      listen(finish, timeoutMs);
    };
    define("importScripts", importerOf(scripts, address, runScript));
    for (const name of order) {
      try {
        runScript(name);
      } catch (error) {
        reportError(error);
      }
    }
  });
};
