// worker_types.test.mjs - the declarations of clients/types beside a real isolate: each global and each member that one of them has, the
// other has too; and what workers write is, or is not, TypeScript.
import { test, before, after } from "node:test";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { load } from "./npm.mjs";

const file = path.resolve(process.env.MF_CLIENT_TYPES ?? "build/release/clients/types", "index.d.ts");

// Declared by @types/node.
const NODE = ["Buffer", "clearImmediate", "global", "process", "setImmediate"];

// Members of the instances themselves, not of their prototypes.
const OWN = { WebSocketPair: ["0", "1"], ExecutionContext: ["props"] };

let daemon, ts;
before(async () => {
  daemon = await Daemon.start();
  ts = (await load("typescript")).default;
});
after(async () => { assert.deepEqual(await daemon.stop(), { code: 0, signal: null }); });

// |source| and the declarations as a program, strictly.
function compile(source) {
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.esnext.d.ts"], types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => name === "worker.ts" ? ts.createSourceFile(name, source, options.target, true) : getSourceFile.call(host, name, ...rest);
  return ts.createProgram(["worker.ts", file], options, host);
}
const complaints = (source) => ts.getPreEmitDiagnostics(compile(source)).map((d) => `${d.file?.fileName.split("/").at(-1)}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`);

// {globals: {name: {statics, members} or null}, workers: [name]} of the declarations. Members of the language's own objects are left out.
function declared() {
  const program = compile("export {};");
  const checker = program.getTypeChecker();
  const isOurs = (symbol) => symbol.declarations?.some((one) => one.getSourceFile().fileName === file);
  const membersOf = (type) => checker.getPropertiesOfType(type).filter(isOurs).map((one) => one.name).filter((name) => !name.startsWith("__@")).sort();
  const source = program.getSourceFile(file);
  const globals = {};
  for (const symbol of checker.getSymbolsInScope(source, ts.SymbolFlags.Value)) {
    if (!isOurs(symbol) || symbol.name.startsWith('"')) continue;
    const type = checker.getTypeOfSymbol(symbol);
    const prototype = type.getProperty("prototype");
    globals[symbol.name] = prototype ? { statics: membersOf(type).filter((name) => name !== "prototype"), members: membersOf(checker.getTypeOfSymbol(prototype)) } : { statics: [], members: type.getCallSignatures().length > 0 || symbol.name === "self" || symbol.name.startsWith("on") ? [] : membersOf(type) };
  }
  const module = checker.getAmbientModules().find((one) => one.name === '"cloudflare:workers"');
  return { globals, workers: checker.getExportsOfModule(module).map((one) => one.name).sort() };
}

// The same of an isolate.
async function real() {
  const answer = await daemon.run(`import * as workers from "cloudflare:workers";
    const LANGUAGE = new Set([Object.prototype, Function.prototype, Error.prototype]);
    const members = (value) => { const names = new Set(); for (let at = value; at !== null && !LANGUAGE.has(at); at = Object.getPrototypeOf(at)) for (const name of Object.getOwnPropertyNames(at)) names.add(name); return [...names].sort(); };
    export default { fetch(request, env, ctx) { const globals = {};
      for (const name of Object.getOwnPropertyNames(globalThis)) { const value = globalThis[name]; const isClass = typeof value === "function" && Object.hasOwn(value, "prototype") && value.prototype !== undefined;
        globals[name] = isClass ? { statics: Object.getOwnPropertyNames(value).filter((one) => !["length", "name", "prototype"].includes(one)), members: members(value.prototype).filter((one) => one !== "constructor") } : { statics: [], members: value !== null && typeof value === "object" && value !== globalThis ? members(value).filter((one) => one !== "constructor") : [] }; }
      return Response.json({ globals, workers: Object.keys(workers).sort(), ctx: members(ctx).filter((one) => one !== "constructor") }); } };`);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  return JSON.parse(answer.response.body);
}

// The names of the language: those that its own library declares.
function languageNames() {
  const program = compile("export {};");
  const checker = program.getTypeChecker();
  return checker.getSymbolsInScope(program.getSourceFile("worker.ts"), ts.SymbolFlags.Value).filter((symbol) => symbol.declarations === undefined || symbol.declarations.some((one) => one.getSourceFile().fileName !== file && /lib\.[\w.]*d\.ts$/.test(one.getSourceFile().fileName))).map((one) => one.name);
}

test("the declarations are TypeScript by themselves", () => {
  assert.deepEqual(complaints("export {};"), []);
  assert.ok(readFileSync(file, "utf8").includes("Licensed under the Apache License"), "TypeScript's notice is kept");
});

test("each global is declared, and what is declared is there", async () => {
  const [ours, theirs, language] = [declared(), await real(), new Set(languageNames())];
  const there = Object.keys(theirs.globals).filter((name) => name === "WebAssembly" || !(language.has(name) || NODE.includes(name) || ["globalThis", "undefined"].includes(name)));
  assert.deepEqual(Object.keys(ours.globals).sort(), there.sort());
  assert.deepEqual(ours.workers, theirs.workers);
});

test("each member is declared, and what is declared is there", async () => {
  const [ours, theirs] = [declared(), await real()];
  const wrong = {};
  for (const [name, { statics, members }] of Object.entries(ours.globals)) {
    const found = theirs.globals[name];
    const missing = [...statics.filter((one) => !found.statics.includes(one)).map((one) => `static ${one}`), ...members.filter((one) => !found.members.includes(one) && !(OWN[name] ?? []).includes(one) && !(one === "isTrusted" && name.endsWith("Event")))];
    const undeclared = [...found.statics.filter((one) => !statics.includes(one)).map((one) => `static ${one}`), ...found.members.filter((one) => !members.includes(one))];
    if (missing.length > 0 || undeclared.length > 0) wrong[name] = { missing, undeclared };
  }
  assert.deepEqual(wrong, {}, JSON.stringify(wrong));
  assert.deepEqual(theirs.ctx, ours.globals.ExecutionContext.members);
});

test("what handlers of HTMLRewriter are given, and DigestStream, have the members that are declared", async () => {
  const answer = await daemon.run(`const members = (value) => { const names = new Set(); for (let at = value; at !== Object.prototype; at = Object.getPrototypeOf(at)) for (const name of Object.getOwnPropertyNames(at)) names.add(name); names.delete("constructor"); return [...names].sort(); };
    export default { async fetch() { const found = {}; const take = (name) => (value) => { found[name] ??= members(value); };
      const rewriter = new HTMLRewriter().on("p", { element(e) { take("HTMLRewriterElement")(e); e.onEndTag(take("HTMLRewriterEndTag")); }, text: take("HTMLRewriterText"), comments: take("HTMLRewriterComment") }).onDocument({ doctype: take("HTMLRewriterDoctype"), end: take("HTMLRewriterDocumentEnd") });
      await rewriter.transform(new Response("<!doctype html><p>x<!--y--></p>")).text(); found.DigestStream = members(new crypto.DigestStream("MD5")); return Response.json(found); } };`);
  assert.equal(answer.outcome, "ok", JSON.stringify(answer));
  const program = compile("export {};");
  const checker = program.getTypeChecker();
  const symbols = checker.getSymbolsInScope(program.getSourceFile(file), ts.SymbolFlags.Interface);
  for (const [name, found] of Object.entries(JSON.parse(answer.response.body))) {
    const type = checker.getDeclaredTypeOfSymbol(symbols.find((one) => one.name === name));
    assert.deepEqual(found, checker.getPropertiesOfType(type).map((one) => one.name).filter((one) => !one.startsWith("__@")).sort(), name);
  }
});

test("workers as people write them", () => {
  assert.deepEqual(complaints(`import { WorkerEntrypoint, env, waitUntil } from "cloudflare:workers";
    interface Env { NAME: string; API: { fetch(request: Request): Promise<Response> } }
    export class Other extends WorkerEntrypoint<Env> { async fetch(request: Request) { this.ctx.waitUntil(Promise.resolve()); return new Response(this.env.NAME + request.url); } add(a: number, b: number) { return a + b; } }
    export default {
      async fetch(request, env, ctx) {
        const { searchParams, pathname } = new URL(request.url);
        for (const [name, value] of [...request.headers, ...searchParams]) console.log(name.toUpperCase(), value.length);
        const pattern = new URLPattern({ pathname: "/:id" }).exec({ pathname })?.pathname.groups.id;
        const pair = new WebSocketPair(); pair[1].accept({ allowHalfOpen: true }); pair[1].addEventListener("message", (event) => pair[1].send(event.data)); const [client, server] = Object.values(pair); client.close(1000, "x"); server.binaryType = "arraybuffer";
        const digest = new crypto.DigestStream("SHA-256"); await request.clone().body?.pipeTo(digest); const hex = [...new Uint8Array(await digest.digest)].map((byte) => byte.toString(16)).join("");
        const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]); await crypto.subtle.sign("HMAC", key, new Uint8Array(1)); crypto.subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(1));
        for await (const chunk of ReadableStream.from(["a", "b"]).pipeThrough(new TextEncoderStream())) console.log(chunk.byteLength);
        await scheduler.wait(1, { signal: AbortSignal.timeout(5) }); const timer: number = setTimeout((a: string, b: number) => console.log(a, b), 1, "x", 2); clearTimeout(timer);
        addEventListener("unhandledrejection", (event) => console.error(event.reason)); reportError(new Error("x")); ctx.passThroughOnException(); waitUntil(ctx.exports.Other.add(1, 2)); navigator.userAgent.length; performance.now(); structuredClone(new Map([[1, 2]])).get(1)?.toFixed();
        const made = await fetch("https://x.example/", { method: "POST", body: new FormData(), headers: [["a", "b"]], signal: request.signal, cf: {} }); await WebAssembly.instantiateStreaming(made.clone());
        return new HTMLRewriter().on("a[href]", { element(e) { e.setAttribute("href", e.getAttribute("href") + String(pattern) + hex); for (const [name] of e.attributes) name.length; e.onEndTag(async (tag) => { tag.before("x", { html: true }); }); }, text(t) { if (t.lastInTextNode) t.replace(made); } }).onDocument({ end(end) { end.append("bye"); } }).transform(Response.json({ ok: true, name: env.NAME }, { status: 201 }));
      },
    } satisfies ExportedHandler<Env>;`), []);
});

test("what a worker has not is an error", () => {
  const wrong = { "document.title": "document", "localStorage.x": "localStorage", "new XMLHttpRequest()": "XMLHttpRequest", "importScripts('x')": "importScripts", "new Worker('x')": "Worker", "caches.default": "caches", "new HTMLRewriter().on('a', { elements() {} })": "elements", "crypto.subtle.sing": "sing", "new WebSocketPair()[2]": "2", "setTimeout('code')": "string", "new Response('x', { statusCode: 1 })": "statusCode", "postMessage(1)": "postMessage", "location.href": "location" };
  const source = `export default { fetch() { ${Object.keys(wrong).map((code) => `void (${code});`).join("\n")} return new Response(); } } satisfies ExportedHandler; export const bad: ExportedHandler = { fetch: () => 5 };`;
  const found = complaints(source);
  assert.equal(found.length, Object.keys(wrong).length + 1, found.join("\n"));
  Object.values(wrong).forEach((word, i) => assert.ok(found[i].includes(`'${word}'`), `${word}: ${found[i]}`));
});
