// fake.mjs - a server that speaks of executions as a broken network, or a broken daemon, would: each test scripts what comes down.
// What the protocol means is tested against the real daemon; this is for what that one never sends.
import http from "node:http";
import { createHash } from "node:crypto";

export class Fake {
  // |script|(stream, request body, fake) is called for each POST /v1/executions and each re-attachment; stream.send(frame), .raw(text),
  // .break(), .end(). |answers| are all that were sent up, as {id, callId, type, body}.
  static async start(script) {
    const fake = new Fake();
    fake.script = script;
    fake.answers = [];
    fake.canceled = [];
    fake.attached = [];
    fake.waiting = [];
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.sockets = new Set();
    fake.server.on("connection", (socket) => fake.sockets.add(socket));
    fake.server.on("upgrade", (request, socket) => script(new FakeSocket(request, socket), fake));
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  // The status of the answer to an answer; 0: the connection breaks, "silence": none comes. Replaced by tests.
  answerStatus = () => 204;
  attachStatus = () => 200;

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // The next answer that comes up.
  answered() {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url, "http://fake");
    const call = /^\/v1\/executions\/([^/]+)\/calls\/(\d+)$/.exec(url.pathname);
    const execution = /^\/v1\/executions\/([^/]+)$/.exec(url.pathname);
    const problem = (status) => response.writeHead(status, { "content-type": "application/problem+json" }).end(status === 204 ? undefined : JSON.stringify({ status, code: `c${status}`, detail: `refused ${status}` }));
    if (call) {
      const answer = { id: call[1], callId: Number(call[2]), type: request.headers["content-type"], body };
      const status = this.answerStatus(answer);
      if (status === "silence") return response.on("close", () => this.onDrop());
      if (status === 0) return request.socket.destroy();
      this.answers.push(answer);
      problem(status);
      this.waiting.splice(0).forEach((wake) => wake(answer));
    } else if (request.method === "DELETE" && execution) {
      this.canceled.push(execution[1]);
      problem(204);
      this.onCancel?.();
    } else if (request.method === "GET" && execution) {
      const after = Number(url.searchParams.get("after"));
      this.attached.push(after);
      const status = this.attachStatus(after);
      if (status !== 200) return problem(status);
      this.script(this.#stream(response), null, after);
    } else if (request.method === "POST" && url.pathname === "/v1/executions") {
      this.script(this.#stream(response), JSON.parse(body), 0);
    } else problem(404);
  }

  #stream(response) {
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    let seq = 0;
    const stream = {
      at: (n) => { seq = n; return stream; },
      raw: (text) => { response.write(text); return stream; },
      send: (frame) => stream.raw(`${JSON.stringify(frame.type === "ping" ? frame : { seq: ++seq, ...frame })}\n`),
      start: (id = "e") => stream.send({ type: "start", id }),
      call: (callId, ...args) => stream.send({ type: "call", callId, namespace: "codemode", name: "f", args }),
      done: (more = {}) => { stream.send({ type: "done", id: "e", outcome: "ok", usage: {}, ...more }); response.end(); },
      // Only when what was written has gone out: a broken stream, not an empty one.
      break: () => response.write("\n".slice(1), () => setImmediate(() => response.destroy())),
      end: () => response.end(),
    };
    return stream;
  }
}

// The server's end of one WebSocket (RFC 6455): JSON in small frames.
class FakeSocket {
  #waiting = [];
  #messages = [];
  #rest = Buffer.alloc(0);

  constructor(request, socket) {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    socket.on("data", (data) => { this.#rest = Buffer.concat([this.#rest, data]); while (this.#frame()); });
    socket.on("error", () => {});
    this.path = request.url;
    this.closed = new Promise((resolve) => socket.on("close", resolve));
    this.socket = socket;
  }

  #frame() {
    const rest = this.#rest;
    if (rest.length < 2) return false;
    let size = rest[1] & 127, at = 2;
    if (size === 126 && rest.length >= 4) { size = rest.readUInt16BE(2); at = 4; }
    if (rest.length < at + 4 + size) return false;
    const text = Buffer.from(rest.subarray(at + 4, at + 4 + size)).map((byte, i) => byte ^ rest[at + (i % 4)]);
    this.#rest = rest.subarray(at + 4 + size);
    if ((rest[0] & 15) === 8) this.socket.end();
    if ((rest[0] & 15) !== 1) return true;
    const message = JSON.parse(text);
    const wake = this.#waiting.shift();
    if (wake) wake(message); else this.#messages.push(message);
    return true;
  }

  // The next message from the client.
  next() {
    return this.#messages.length > 0 ? this.#messages.shift() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  send(message) {
    const text = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
    const head = text.length < 126 ? Buffer.from([0x81, text.length]) : Buffer.from([0x81, 126, text.length >> 8, text.length & 255]);
    this.socket.write(Buffer.concat([head, text]));
    return this;
  }

  break() { this.socket.end(); }
}
