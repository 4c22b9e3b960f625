// python.test.mjs - Python's unittest of clients/python, against a daemon that this starts, and against streams that break.
import { test, before, after } from "node:test";
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon, assert } from "../lib/mayfly.mjs";
import { ADMIN, startWithTokens } from "../lib/tenants.mjs";
import { Fake } from "./fake.mjs";

let daemon, fake;
before(async () => { daemon = await Daemon.start(); });
after(async () => { await daemon.stop(); await fake?.stop(); });

async function python(file, env) {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const child = spawn("python3", ["-B", "-W", "error", path.join(here, file), "-v"], { stdio: "inherit", env: { PATH: process.env.PATH, PYTHONPATH: path.join(here, "../../clients/python"), MF_URL: daemon.url, ...env } });
  assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
}

test("clients/python", async () => {
  const guarded = await startWithTokens();
  await guarded.tenant("acme");
  await python("python_client.py", { MF_GUARDED_URL: guarded.url, MF_ADMIN_TOKEN: ADMIN, MF_TOKEN: (await guarded.token(["secrets"], "acme")).token });
  await guarded.stop();
});

// What comes down for a program, by its text.
const scripts = {
  async break(stream, request) {
    if (request) return stream.start().send({ type: "log", level: "log", message: "1" }).break();
    stream.at(0).start().send({ type: "log", level: "log", message: "1" }).send({ type: "log", level: "log", message: "2" }).call(1, 21);
    stream.done({ result: JSON.parse((await fake.answered()).body).ok });
  },
  async answer(stream) {
    stream.start().call(1, 1);
    stream.done({ result: JSON.parse((await fake.answered()).body) });
  },
  deaf(stream) { fake.answerStatus = () => 0; fake.onCancel = () => stream.done({ outcome: "canceled" }); stream.start().call(1, 1); },
  malformed: (stream) => stream.start().raw('{"type":"call","seq":2,"callId":"1"}\n'),
  gap: (stream) => stream.start().raw('{"type":"log","seq":5,"level":"log","message":""}\n'),
  deep: (stream) => stream.start().raw(`{"type":"done","seq":2,"id":"e","outcome":"ok","result":${"[".repeat(2000)}${"]".repeat(2000)}}\n`).end(),
  array: (stream) => stream.start().raw("[]\n"),
  gone(stream) { fake.attachStatus = () => 410; stream.start().break(); },
  again(stream, request) { fake.attachStatus = () => 200; request ? stream.start().break() : stream.break(); },
};

test("clients/python: executions", () => python("python_executions.py"));

test("clients/python: streams that break", async () => {
  let code;
  fake = await Fake.start((stream, request, after) => { code = request?.code ?? code; fake.answerStatus = () => 204; return scripts[code](stream, request, after); });
  await python("python_streams.py", { MF_FAKE: fake.url });
});
