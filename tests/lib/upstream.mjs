// upstream.mjs - the world that fetch() meets in the tests: servers on loopback, a certificate authority of one's own, a DNS server
// that lies, and the policies that let a worker reach them. Nothing leaves this machine.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

// A rule that lets a worker reach |host| on loopback, over http too.
export const rule = (more = {}) => ({ match: { host: ["*"], port: "*", ...more.match }, action: more.action ?? "allow", allowHttp: true, addresses: LOOPBACK, ...more.rule });
export const policy = (...rules) => ({ rules: rules.length > 0 ? rules : [rule()] });

// Servers that close with their test file.
const open = new Set();
export async function closeAll() {
  await Promise.all([...open].map((close) => close()));
  open.clear();
}

async function listen(server, host = "127.0.0.1", port = 0) {
  const sockets = new Set();
  server.on("connection", (socket) => { server.connections_seen = (server.connections_seen ?? 0) + 1; sockets.add(socket); socket.on("error", () => {}); socket.on("close", () => sockets.delete(socket)); });
  await new Promise((resolve, reject) => { server.on("error", reject); server.listen(port, host, resolve); });
  server.port = server.address().port;
  server.sockets = sockets;
  open.add(() => new Promise((resolve) => { for (const socket of sockets) socket.destroy(); server.close(resolve); }));
  return server;
}

// HTTP/1.1; |handle|(request, response, body).
export async function httpServer(handle, { host, port, streams = false } = {}) {
  const server = http.createServer({ requestTimeout: 0, maxHeaderSize: 1 << 20 }, streams ? handle : collected(handle));
  await listen(server, host, port);
  server.url = `http://${host?.includes(":") ? `[${host}]` : host ?? "127.0.0.1"}:${server.port}`;
  return server;
}

function collected(handle) {
  return (request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => handle(request, response, Buffer.concat(chunks)));
  };
}

// TLS, with a certificate of |ca| for |names|; HTTP/2 unless |version| is 1.
export async function httpsServer(ca, handle, { names = ["localhost"], version = 2, streams = false } = {}) {
  const { cert, key } = ca.issue(names);
  const listener = streams ? handle : collected(handle);
  const server = version === 2 ? http2.createSecureServer({ cert, key, allowHTTP1: true }, listener) : https.createServer({ cert, key }, listener);
  await listen(server);
  server.url = `https://${names[0]}:${server.port}`;
  return server;
}

// Raw TCP: |talk|(socket, what came so far) is called with every piece that comes.
export async function rawServer(talk, { onConnect, host } = {}) {
  const server = net.createServer((socket) => {
    let seen = "";
    onConnect?.(socket);
    socket.on("data", (chunk) => { seen += chunk.toString("latin1"); talk(socket, seen); });
  });
  await listen(server, host);
  server.url = `http://${host ?? "127.0.0.1"}:${server.port}`;
  return server;
}

// Answers every request with these bytes, once its head is whole.
export const rawAnswer = (bytes, { end = true } = {}) => rawServer((socket, seen) => {
  if (seen.endsWith("\r\n\r\n")) end ? socket.end(Buffer.from(bytes, "latin1")) : socket.write(Buffer.from(bytes, "latin1"));
});

// A certificate authority in a directory of its own. ca.file is for outbound.caFile.
export class Authority {
  constructor() {
    this.dir = mkdtempSync(path.join(tmpdir(), "mayfly-ca-"));
    this.file = path.join(this.dir, "ca.pem");
    this.#openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Mayfly test authority",
      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign");
    open.add(async () => rmSync(this.dir, { recursive: true, force: true }));
  }

  #openssl(...args) { execFileSync("openssl", args, { cwd: this.dir, stdio: ["ignore", "ignore", "pipe"] }); }

  issue(names, { days = 2 } = {}) {
    const name = `leaf-${names.join("-").replace(/[^a-z0-9-]/gi, "_")}-${days}`;
    const san = names.map((one) => (net.isIP(one) ? `IP:${one}` : `DNS:${one}`)).join(",");
    writeFileSync(path.join(this.dir, `${name}.ext`), `subjectAltName=${san}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
    this.#openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${names[0]}`);
    this.#openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", `${name}.pem`, "-days", String(days), "-extfile", `${name}.ext`);
    return { cert: readFileSync(path.join(this.dir, `${name}.pem`)), key: readFileSync(path.join(this.dir, `${name}.key`)) };
  }
}

/* ---- DNS -------------------------------------------------------------------------------------- */

const TYPES = { A: 1, CNAME: 5, AAAA: 28 };

function encodeName(name) {
  return Buffer.concat([...name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])]);
}

function readName(packet, at) {
  const labels = [];
  while (packet[at] !== 0) { labels.push(packet.subarray(at + 1, at + 1 + packet[at]).toString("latin1")); at += packet[at] + 1; }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function record(name, type, ttl, data) {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), head, data]);
}

function addressBytes(text) {
  if (net.isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  const [left, right = ""] = text.split("::");
  const groups = (side) => (side === "" ? [] : side.split(":"));
  const zeros = text.includes("::") ? Array(8 - groups(left).length - groups(right).length).fill("0") : [];
  return Buffer.concat([...groups(left), ...zeros, ...groups(right)].map((group) => { const b = Buffer.alloc(2); b.writeUInt16BE(parseInt(group, 16)); return b; }));
}

// A DNS server. |answer|(name, "A" | "AAAA", count) gives a list of addresses and, as {cname}, names; null: no such name; "silence".
export async function dnsServer(answer) {
  const asked = new Map();
  const reply = (packet) => {
    const { name, end } = readName(packet, 12);
    const type = Object.keys(TYPES).find((key) => TYPES[key] === packet.readUInt16BE(end));
    const key = `${name} ${type}`;
    asked.set(key, (asked.get(key) ?? 0) + 1);
    const found = type === undefined ? [] : answer(name, type, asked.get(key));
    if (found === "silence") return null;
    const records = [];
    let owner = name;
    for (const item of found ?? []) {
      const { cname, address = item, ttl = 0 } = typeof item === "object" ? item : {};
      if (cname) { records.push(record(owner, TYPES.CNAME, ttl, encodeName(cname))); owner = cname; continue; }
      if ((type === "A") === net.isIPv4(address)) records.push(record(owner, TYPES[type], ttl, addressBytes(address)));
    }
    const head = Buffer.alloc(12);
    packet.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (found === null ? 3 : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    return Buffer.concat([head, packet.subarray(12, end + 4), ...records]);
  };
  const onStream = (stream) => {
    let rest = Buffer.alloc(0);
    stream.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const size = rest.readUInt16BE(0);
        const answered = reply(rest.subarray(2, 2 + size));
        rest = rest.subarray(2 + size);
        if (answered) { const length = Buffer.alloc(2); length.writeUInt16BE(answered.length); stream.write(Buffer.concat([length, answered])); }
      }
    });
  };
  // The same port for TCP and UDP: who has the one need not have the other.
  const bind = (port) => new Promise((resolve) => {
    const socket = dgram.createSocket("udp4");
    socket.once("error", () => { socket.close(); resolve(null); });
    socket.bind(port, "127.0.0.1", () => resolve(socket));
  });
  let socket = null;
  for (let left = 20; socket === null; left--) {
    assert.ok(left > 0, "no port is free for both TCP and UDP");
    socket = await bind((await listen(net.createServer(onStream))).port);
  }
  open.add(() => new Promise((resolve) => socket.close(resolve)));
  socket.on("message", (packet, from) => {
    let answered = reply(packet);
    if (answered === null) return;
    if (answered.length > 1232) { answered = answered.subarray(0, 12); answered[2] |= 2; answered.writeUInt16BE(0, 4); answered.writeUInt16BE(0, 6); } // too long: ask again over TCP
    socket.send(answered, from.port, from.address);
  });
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}
