// common.mjs - the handlers of common/: redirects, delays, what the query says.

function redirect(request, reply) {
  reply.status = Number.parseInt(request.first("status", "302"), 10) || 302;
  reply.set("Location", request.first("location"));
}

export default {
  async "common/redirect.py"(request, reply) {
    redirect(request, reply);
    await reply.send();
  },
  async "common/redirect-opt-in.py"(request, reply) {
    redirect(request, reply);
    reply.set("Timing-Allow-Origin", "*");
    await reply.send();
  },
  async "common/slow-redirect.py"(request, reply) {
    redirect(request, reply);
    await reply.sleep(1000 * Number(request.first("delay", "2")));
    await reply.send();
  },
  async "common/slow.py"(request, reply) {
    await reply.sleep(request.first("delay", "2000"));
    await reply.send();
  },
  async "common/refresh.py"(request, reply) {
    reply.set("Content-Type", "text/html");
    reply.set("Refresh", `0; URL=${request.first("location")}`);
    await reply.send();
  },
  async "common/echo.py"(request, reply) {
    reply.set("X-XSS-Protection", "0");
    reply.set("Content-Type", "text/html");
    await reply.send(request.first("content"));
  },
  async "common/CustomCorsResponse.py"(request, reply) {
    for (const [name, value] of Object.entries(JSON.parse(request.first("headers", "{}")))) reply.set(name, value);
    reply.status = JSON.parse(request.first("status", "200"));
    await reply.send(JSON.parse(request.first("content", '"/* CustomCorsResponse.py content */"')));
  },
};
