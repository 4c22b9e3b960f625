// upstream.mjs - the server that proxied requests go to: GET /N answers with N bytes, GET /slow/S with a kilobyte every 100 ms for S
// seconds. A process of its own; prints its port.
import http from "node:http";

const KB = Buffer.alloc(1024, "upstream");
const made = new Map();
const bytesOf = (size) => {
  if (!made.has(size)) made.set(size, Buffer.alloc(size, "upstream"));
  return made.get(size);
};

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const [, first, second] = request.url.split("/");
  if (first !== "slow") {
    response.writeHead(200, { "content-type": "text/plain", "content-length": Number(first) });
    response.end(bytesOf(Number(first)));
    return;
  }
  let left = Number(second) * 10;
  response.writeHead(200, { "content-type": "text/plain" });
  const timer = setInterval(() => {
    response.write(KB);
    if (--left <= 0) { clearInterval(timer); response.end(); }
  }, 100);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", 4096, () => console.log(server.address().port));
process.on("disconnect", () => process.exit());
