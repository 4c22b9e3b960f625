// cut.mjs - a way to a daemon whose connections a test can cut.
import net from "node:net";

export async function cuttable(url) {
  const { hostname, port } = new URL(url);
  const sockets = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => { sockets.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() { for (const socket of sockets) socket.destroy(); },
    stop() { this.cut(); return new Promise((resolve) => server.close(resolve)); },
  };
}

// A program whose connection is cut at every other call comes to its end all the same; each call is made once.
export async function survives(Mayfly, daemonUrl, options, assert) {
  const way = await cuttable(daemonUrl);
  const mayfly = new Mayfly({ url: way.url, ...options });
  const calls = [];
  const f = async (n) => { calls.push(n); if (n % 2 === 0) way.cut(); return n * 10; };
  const { result, logs } = await mayfly.execute({ code: "async () => { const out = []; for (let i = 0; i < 6; i++) { out.push(await t.f(i)); console.log(i); } return out; }", tools: { t: { f } } });
  await way.stop();
  assert.deepEqual([result, calls, logs.map((l) => l.message)], [[0, 10, 20, 30, 40, 50], [0, 1, 2, 3, 4, 5], ["0", "1", "2", "3", "4", "5"]]);
}
