// websocket.mjs - the server's end of a WebSocket: the handshake, frames, and the two ways to close.
//
// https://www.rfc-editor.org/rfc/rfc6455
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10];
const MESSAGE_BYTES_MAX = 64 << 20;

export const acceptOf = (key) => createHash("sha1").update(key + GUID).digest("base64");

export function frame(opcode, payload) {
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = size < 126 ? size : size < 65536 ? 126 : 127;
  if (size >= 65536) head.writeBigUInt64BE(BigInt(size), 2);
  else if (size >= 126) head.writeUInt16BE(size, 2);
  return Buffer.concat([head, payload]);
}

// |code| undefined: a close without one.
export function closeFrame(code, reason = "") {
  if (code === undefined) return frame(CLOSE, Buffer.alloc(0));
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code, 0);
  return frame(CLOSE, payload);
}

export class Session {
  #reply;
  #isClosed = false; // our close frame is sent

  constructor(request, reply) {
    this.request = request;
    this.#reply = reply;
    this.protocols = request.header("sec-websocket-protocol", "").split(",").map((one) => one.trim()).filter((one) => one !== "");
    this.closedWith = null; // {code, reason} once the client closed
  }

  raw(data) { return this.#reply.raw(data); }
  sleep(ms) { return this.#reply.sleep(ms); }

  async accept({ protocol, headers = [], key = acceptOf(this.request.header("sec-websocket-key", "")) } = {}) {
    const lines = [["Upgrade", "websocket"], ["Connection", "Upgrade"], ["Sec-WebSocket-Accept", key], ...(protocol === undefined ? [] : [["Sec-WebSocket-Protocol", protocol]]), ...headers];
    await this.raw(`HTTP/1.1 101 Switching Protocols\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  }

  send(data) { return this.raw(typeof data === "string" ? frame(TEXT, Buffer.from(data)) : frame(BINARY, data)); }

  async close(code, reason) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.raw(closeFrame(code, reason));
  }

  // A string or a Buffer; null when the client closes or is gone.
  async receive() {
    const { reader } = this.request;
    const pieces = [];
    for (let kind = TEXT, total = 0; total <= MESSAGE_BYTES_MAX;) {
      const head = await reader.bytes(2);
      if (head === null) return null;
      const short = head[1] & 127;
      const more = short < 126 ? Buffer.alloc(0) : await reader.bytes(short === 126 ? 2 : 8);
      const mask = more === null ? null : await reader.bytes(4);
      const payload = mask === null ? null : await reader.bytes(short < 126 ? short : short === 126 ? more.readUInt16BE(0) : Number(more.readBigUInt64BE(0)));
      if (payload === null) return null;
      const plain = Buffer.from(payload.map((byte, i) => byte ^ mask[i % 4]));
      const opcode = head[0] & 15;
      if (opcode === CLOSE) {
        this.closedWith = plain.length < 2 ? {} : { code: plain.readUInt16BE(0), reason: plain.subarray(2).toString() };
        return null;
      }
      if (opcode === PING) await this.raw(frame(PONG, plain));
      if (opcode > CLOSE) continue;
      if (opcode !== 0) kind = opcode;
      pieces.push(plain);
      total += plain.length;
      if (head[0] & 0x80) return kind === TEXT ? Buffer.concat(pieces).toString() : Buffer.concat(pieces);
    }
    return null;
  }

  // The end of every session: closes, and waits for the client's close.
  async finish() {
    if (this.closedWith === null) await this.close(1000);
    while (this.closedWith === null && (await this.receive()) !== null);
    if (this.closedWith !== null) await this.close(this.closedWith.code, this.closedWith.reason);
  }
}
