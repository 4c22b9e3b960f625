// server.mjs - the server that the tests of a checkout expect beside them: its files, and what its Python handlers answer, in Node.
//
// A handler is known by the path of its .py file (handlers/*.mjs, one file a group) and by nothing else; one that is not known answers
// 501. It is called as handle(request, reply); what it writes goes out byte by byte, since many of them answer what no server should.
// Text is one character a byte (latin1) on both ways. Each connection carries one request.
//
// https://web-platform-tests.org/tools/wptserve/docs/
import { existsSync, readFileSync, statSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import cache from "./handlers/cache.mjs";
import common from "./handlers/common.mjs";
import cors from "./handlers/cors.mjs";
import events from "./handlers/events.mjs";
import fetches from "./handlers/fetch.mjs";
import raw from "./handlers/raw.mjs";
import sockets from "./handlers/websocket.mjs";
import { Incoming } from "./incoming.mjs";
import { substitute } from "./substitute.mjs";
import { Session } from "./websocket.mjs";

const HANDLERS = new Map([cache, common, cors, events, fetches, raw].flatMap((group) => Object.entries(group)));
const FILE_BYTES_MAX = 64 << 20;
const DELAY_MS_MAX = 60_000;

const TYPES = {
  css: "text/css", csv: "text/csv", event_stream: "text/event-stream", gif: "image/gif", htm: "text/html", html: "text/html", jpg: "image/jpeg", js: "text/javascript", json: "application/json", md: "text/plain", mjs: "text/javascript",
  mp3: "audio/mpeg", mp4: "video/mp4", png: "image/png", svg: "image/svg+xml", txt: "text/plain", wasm: "application/wasm", wav: "audio/wav", xhtml: "application/xhtml+xml", xml: "text/xml",
};

// What wptserve makes of x.any.js and x.worker.js: there is such a page, whatever it holds.
const MADE_PAGE = /\.(?:any|worker|window|any\.worker)\.(?:html|js)$|\.any\.worker\.js$/;

const latin1 = (bytes) => Buffer.from(bytes).toString("latin1");

class Reply {
  #socket;
  #isBegun = false;

  constructor(socket, { isHead }) {
    this.#socket = socket;
    this.isHead = isHead;
    this.isGone = false;
    this.status = 200;
    this.reason = undefined;
    this.headers = [];
    socket.on("close", () => { this.isGone = true; });
  }

  add(name, value) { this.headers.push([name, `${value}`]); }
  set(name, value) {
    this.headers = this.headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
    this.add(name, value);
  }
  get(name) { return this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]; }

  // Bytes as they are, without a head. False when nobody listens any more; waits when they go slowly.
  async raw(data) {
    if (this.isGone) return false;
    if (!this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data)) await new Promise((resolve) => { this.#socket.once("drain", resolve); this.#socket.once("close", resolve); });
    return !this.isGone;
  }

  async begin() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const lines = this.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await this.raw(`HTTP/1.1 ${this.status} ${this.reason ?? STATUS_CODES[this.status] ?? ""}\r\n${lines}Connection: close\r\n\r\n`);
  }

  async write(data) {
    await this.begin();
    return this.isHead ? !this.isGone : this.raw(data);
  }

  // A whole answer.
  async send(data = "") {
    const hasBody = this.status >= 200 && this.status !== 204 && this.status !== 304;
    if (hasBody && this.get("content-length") === undefined && this.get("transfer-encoding") === undefined) this.add("Content-Length", Buffer.byteLength(data, "latin1"));
    await this.begin();
    if (hasBody) await this.write(data);
  }

  sleep(ms) { return sleep(Math.min(Math.max(Number(ms) || 0, 0), DELAY_MS_MAX)); }
}

/* ---- files ------------------------------------------------------------------------------------ */

function headersBeside(file, request) {
  const found = [];
  for (const name of [path.join(path.dirname(file), "__dir__.headers"), `${file}.headers`, `${file}.sub.headers`]) {
    if (!existsSync(name)) continue;
    const text = readFileSync(name, "latin1");
    for (const line of (name.endsWith(".sub.headers") ? substitute(text, request) : text).split(/\r?\n/)) {
      const at = line.indexOf(":");
      if (at > 0) found.push([line.slice(0, at).trim(), line.slice(at + 1).trim()]);
    }
  }
  return found;
}

function ranged(request, reply, bytes) {
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.header("range", ""));
  if (found === null || (found[1] === "" && found[2] === "")) return bytes;
  const start = found[1] === "" ? Math.max(bytes.length - Number(found[2]), 0) : Number(found[1]);
  const end = found[1] === "" || found[2] === "" ? bytes.length : Math.min(Number(found[2]) + 1, bytes.length);
  if (start >= end) {
    reply.status = 416;
    reply.add("Content-Range", `bytes */${bytes.length}`);
    return Buffer.alloc(0);
  }
  reply.status = 206;
  reply.add("Content-Range", `bytes ${start}-${end - 1}/${bytes.length}`);
  return bytes.subarray(start, end);
}

// "trickle(10:d1:r2)": that many bytes, that many seconds, all of it again twice.
async function trickle(reply, bytes, plan) {
  const steps = plan.split(":");
  const last = steps.at(-1);
  const rounds = last.startsWith("r") ? steps.pop() && Math.min(Number(last.slice(1)) || bytes.length, 10_000) : 1;
  let at = 0;
  for (let round = 0; round < rounds && at < bytes.length; round++) {
    for (const step of steps) {
      if (step.startsWith("d")) await reply.sleep(Number(step.slice(1)) * 1000);
      else if (await reply.write(bytes.subarray(at, at + Number(step)))) at += Number(step);
      else return;
    }
  }
  await reply.write(bytes.subarray(at));
}

// ?pipe=name(arguments)|...
async function sendPiped(request, reply, bytes) {
  let slow = null;
  for (const [, name, list = ""] of request.first("pipe", "").matchAll(/(\w+)(?:\(((?:[^()\\]|\\.)*)\))?/g)) {
    const args = list.split(/(?<!\\),/).map((one) => one.replace(/\\(.)/g, "$1"));
    switch (name) {
      case "status": reply.status = Number(args[0]); break;
      case "header": (args[2] === "True" ? reply.add : reply.set).call(reply, args[0], args[1]); break;
      case "slice": bytes = bytes.subarray(args[0] === "null" ? 0 : Number(args[0]), args[1] === undefined || args[1] === "null" ? undefined : Number(args[1])); break;
      case "sub": bytes = Buffer.from(substitute(latin1(bytes), request), "latin1"); break;
      case "gzip": bytes = gzipSync(bytes); reply.set("Content-Encoding", "gzip"); break;
      case "trickle": slow = args[0]; break;
    }
  }
  if (slow === null) return reply.send(bytes);
  return trickle(reply, bytes, slow);
}

async function sendFile(root, request, reply) {
  const file = path.join(root, request.path);
  const isThere = (name) => name.startsWith(root + path.sep) && existsSync(name) && statSync(name).isFile() && statSync(name).size <= FILE_BYTES_MAX;
  if (!isThere(file) || /\.py$/.test(file)) {
    const source = file.replace(MADE_PAGE, "");
    const isMade = MADE_PAGE.test(file) && ["any", "worker", "window"].some((kind) => isThere(`${source}.${kind}.js`));
    reply.status = isMade ? 200 : /\.py$/.test(file) && isThere(file) ? 501 : 404;
    reply.add("Content-Type", "text/html");
    return reply.send(isMade ? "<!doctype html>" : STATUS_CODES[reply.status]);
  }
  if (file.endsWith(".asis")) return reply.raw(readFileSync(file));
  let bytes = readFileSync(file);
  if (/\.sub\./.test(path.basename(file))) bytes = Buffer.from(substitute(latin1(bytes), request), "latin1");
  reply.add("Content-Type", TYPES[path.extname(file).slice(1)] ?? "application/octet-stream");
  for (const [name, value] of headersBeside(file, request)) reply.set(name, value);
  return sendPiped(request, reply, ranged(request, reply, bytes));
}

/* ---- the server ------------------------------------------------------------------------------- */

async function talk(request, reply) {
  const name = request.path.slice(1);
  if (!Object.hasOwn(sockets, name)) {
    reply.status = 404;
    return reply.send();
  }
  const session = new Session(request, reply);
  await sockets[name](session);
  return session.finish();
}

async function answer(root, stash, socket) {
  const request = await Incoming.read(socket, stash);
  if (request === null) return void socket.destroy();
  const reply = new Reply(socket, { isHead: request.method === "HEAD" });
  if (request.header("upgrade", "").toLowerCase() === "websocket") {
    await talk(request, reply);
    return void socket.end();
  }
  try {
    const handle = HANDLERS.get(request.path.slice(1));
    await (handle === undefined ? sendFile(root, request, reply) : handle(request, reply));
  } catch (error) {
    reply.status = 500;
    await reply.write(`${error.stack}`);
  }
  socket.end();
}

// {port, close()} of a server of the checkout |root| on loopback.
export async function serve(root) {
  const stash = new Map();
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    answer(path.resolve(root), stash, socket).catch(() => socket.destroy());
  });
  await new Promise((resolve, reject) => { server.on("error", reject); server.listen(0, "127.0.0.1", resolve); });
  const close = () => new Promise((resolve) => { server.close(resolve); for (const socket of sockets) socket.destroy(); });
  return { port: server.address().port, close };
}
