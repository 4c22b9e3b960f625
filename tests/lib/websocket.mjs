// websocket.mjs - a WebSocket server of a test's own: it sees each frame, and says what it wants, byte by byte.
import { createHash } from "node:crypto";

// The Accept header of |key|.
export const acceptOf = (key) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

// A server's frame.
export function frame(opcode, payload = Buffer.alloc(0), { fin = true, rsv = 0, mask = false } = {}) {
  const bytes = Buffer.from(payload);
  const length = bytes.length < 126 ? [bytes.length] : bytes.length < 65536 ? [126, bytes.length >> 8, bytes.length & 255] : [127, 0, 0, 0, 0, bytes.length >>> 24, (bytes.length >> 16) & 255, (bytes.length >> 8) & 255, bytes.length & 255];
  if (mask) length[0] |= 0x80;
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, ...length]), ...(mask ? [Buffer.from([1, 2, 3, 4]), bytes.map((byte, i) => byte ^ [1, 2, 3, 4][i % 4])] : [bytes])]);
}

// Calls take({opcode, fin, masked, payload}) for each whole frame of a client.
export function frames(take) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 2) return;
      const short = rest[1] & 127, extended = short < 126 ? 0 : short === 126 ? 2 : 8, masked = rest[1] > 127, head = 2 + extended + (masked ? 4 : 0);
      if (rest.length < head) return;
      const size = extended === 0 ? short : extended === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
      if (rest.length < head + size) return;
      const payload = Buffer.from(rest.subarray(head, head + size));
      if (masked) for (let i = 0; i < size; i++) payload[i] ^= rest[head - 4 + (i & 3)];
      const one = { opcode: rest[0] & 15, fin: rest[0] > 127, rsv: (rest[0] >> 4) & 7, masked, payload };
      rest = rest.subarray(head + size);
      take(one);
    }
  };
}

// Makes |server|, of node:http or node:https, answer upgrades: onSocket({request, send(opcode, payload, options), raw(bytes), end(), destroy()}) returns
// {frame(one), close()}; |headers| are added to the 101. server.upgrades holds the requests.
export function serveWebSockets(server, onSocket, { headers = () => [], accept = acceptOf, status = 101 } = {}) {
  server.upgrades = [];
  server.on("upgrade", (request, socket, head) => {
    server.upgrades.push(request);
    socket.on("error", () => {});
    if (status !== 101) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno`);
      return;
    }
    socket.write([`HTTP/1.1 101 Switching Protocols`, `Upgrade: websocket`, `Connection: Upgrade`, `Sec-WebSocket-Accept: ${accept(request.headers["sec-websocket-key"])}`, ...headers(request), "", ""].join("\r\n"));
    const on = onSocket({ request, socket, send: (opcode, payload, options) => socket.write(frame(opcode, payload, options)), raw: (bytes) => socket.write(bytes), end: () => socket.end(), destroy: () => socket.destroy() }) ?? {};
    const read = frames((one) => on.frame?.(one));
    if (head.length > 0) read(head);
    socket.on("data", read);
    socket.on("close", () => on.close?.());
  });
  return server;
}
