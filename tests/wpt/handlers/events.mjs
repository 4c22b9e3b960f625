// events.mjs - the handlers of eventsource/.

const STREAM = "text/event-stream";

const RESETS = {
  1: "id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\n",
  2: "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
  3: "id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n",
};

const ROUND = "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n";

export default {
  async "eventsource/resources/message.py"(request, reply) {
    await reply.sleep(request.first("sleep", "0"));
    reply.add("Content-Type", request.first("mime", STREAM));
    await reply.send(`${request.first("message", "data: data")}${request.first("newline") === "none" ? "" : "\n\n"}\n`);
  },
  async "eventsource/resources/message2.py"(request, reply) {
    reply.set("Content-Type", STREAM);
    reply.set("Cache-Control", "no-cache");
    while (await reply.write(ROUND)) await reply.sleep(2000);
  },
  async "eventsource/resources/last-event-id.py"(request, reply) {
    reply.set("Content-Type", STREAM);
    const last = request.header("last-event-id", "");
    await reply.send(last !== "" ? `data: ${last}\n\n` : `id: ${request.first("idvalue", "\xe2\x80\xa6")}\nretry: 200\ndata: hello\n\n`);
  },
  async "eventsource/resources/last-event-id2.py"(request, reply) {
    reply.set("Content-Type", STREAM);
    await reply.send(RESETS[request.first("type", "1")] ?? "data: invalid_test\n\n");
  },
  async "eventsource/resources/status-error.py"(request, reply) {
    reply.status = Number(request.first("status", "404"));
    reply.reason = "HAHAHAHA";
    reply.add("Content-Type", STREAM);
    await reply.send([204, 205].includes(reply.status) ? "" : "data: data\n\n");
  },
};
