// raw.mjs - handlers whose answers are bytes that no well-behaved server sends.

export default {
  async "fetch/api/resources/bad-chunk-encoding.py"(request, reply) {
    const delay = request.first("ms", "1000");
    await reply.sleep(delay);
    reply.set("Transfer-Encoding", "chunked");
    await reply.begin();
    await reply.sleep(delay);
    for (let left = Number(request.first("count", "50")); left > 0 && (await reply.raw("a\r\nTEST_CHUNK\r\n")); left--) await reply.sleep(delay);
    await reply.raw("garbage");
  },
  async "fetch/content-length/resources/content-length.py"(request, reply) {
    await reply.raw(`HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n${request.first("length")}\r\n\r\nFact: this is really forty-two bytes long.`);
  },
  async "fetch/content-type/resources/content-type.py"(request, reply) {
    const values = request.query.get("value") ?? [];
    const content = request.first("content", "<b>hi</b>\n");
    const lines = request.has("single_header") ? [values.join(",")] : values;
    await reply.raw(`HTTP/1.1 200 OK\r\nX-Content-Type-Options: nosniff\r\n${lines.map((value) => `Content-Type: ${value}\r\n`).join("")}Content-Length: ${content.length}\r\nConnection: close\r\n\r\n${content}`);
  },
  async "fetch/h1-parsing/resources/status-code.py"(request, reply) {
    await reply.raw(`HTTP/1.1 ${request.first("input")}\nheader-parsing: is sad\n`);
  },
  async "fetch/h1-parsing/resources/message.py"(request, reply) {
    await reply.raw(request.first("message"));
  },
  async "xhr/resources/parse-headers.py"(request, reply) {
    await reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nmy-custom-header: ${request.first("my-custom-header", "")}\r\nConnection: close\r\n\r\n`);
  },
};
