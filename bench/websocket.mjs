// websocket.mjs - the least client of a WebSocket that a measurement needs: text both ways, on a connection of its own.
import { randomBytes } from "node:crypto";
import http from "node:http";

// Resolves with {send(text), close()}; |onText| gets each message.
export function openWebSocket(url, onText) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") } });
    request.on("error", reject);
    request.on("response", (response) => reject(new Error(`no WebSocket: ${response.statusCode}`)));
    request.on("upgrade", (_, socket, head) => {
      let rest = head;
      const take = (data) => {
        rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
        for (let found; (found = frame(rest)) !== null; rest = rest.subarray(found.size)) {
          if (found.opcode === 1) onText(found.payload.toString());
          if (found.opcode === 9) socket.write(written(10, found.payload));
        }
      };
      socket.setNoDelay(true);
      socket.on("data", take);
      socket.on("error", () => {});
      if (head.length > 0) { rest = Buffer.alloc(0); take(head); }
      resolve({ send: (text) => socket.write(written(1, Buffer.from(text))), close: () => socket.destroy() });
    });
    request.end();
  });
}

// The first frame of |bytes|, or null when it is not whole. A server does not mask.
function frame(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1];
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.length < at + length ? null : { opcode: bytes[0] & 15, payload: bytes.subarray(at, at + length), size: at + length };
}

// Masked with zeros: it must have a mask, and a strong one only protects proxies from browsers' scripts.
function written(opcode, payload) {
  const digits = payload.length < 126 ? 0 : payload.length < 65536 ? 2 : 8;
  const head = Buffer.alloc(2 + digits + 4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (digits === 0 ? payload.length : digits === 2 ? 126 : 127);
  if (digits === 2) head.writeUInt16BE(payload.length, 2);
  if (digits === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
