// calls.mjs - programs that call tools: one at a time on one connection, each new code. On mayflyd's side the tools are here, in the client, and are
// called over a stream of lines or a WebSocket; on workerd's side they are in the parent worker, in the same process.
import http from "node:http";
import { openWebSocket } from "./websocket.mjs";
import { at, now, post, text, unique } from "./load.mjs";

const CALLS = 100;
const PROGRAMS = [
  { name: "no call", calls: 0, body: "" },
  { name: "1 call", calls: 1, body: "await codemode.tool({ i: 0 });" },
  { name: `${CALLS} in sequence`, calls: CALLS, body: `for (let i = 0; i < ${CALLS}; i++) if ((await codemode.tool({ i })).args[0].i !== i) throw new Error("wrong");` },
  { name: `${CALLS} at once`, calls: CALLS, body: `await Promise.all(Array.from({ length: ${CALLS} }, (_, i) => codemode.tool({ i })));` },
];
const WAYS = { mayfly: ["lines", "WebSocket"], workerd: ["calls"] };
const tool = (name, args) => ({ name, args });

const source = (program, name) => `async () => { ${program.body} return "${name}"; }`;
const request = (code) => ({ code, language: "javascript", namespaces: [{ name: "codemode" }] });

// What |side| is spoken to with: execute(code, turns) resolves with {result}; |turns| gets the microseconds from each answer to the call after it.
const speakers = {
  async lines(side) {
    const agent = new http.Agent({ keepAlive: true, noDelay: true });
    const send = (path, body, accept) => new Promise((resolve, reject) => {
      const bytes = JSON.stringify(body);
      http.request(new URL(path, side.url), { method: "POST", agent, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(bytes), accept } }, resolve).on("error", reject).end(bytes);
    });
    const execute = async (code, turns) => {
      const response = await send("/v1/executions", request(code), "application/x-ndjson");
      const id = response.headers["mayfly-execution-id"];
      let rest = "", answered = 0, done;
      response.setEncoding("utf8");
      for await (const piece of response) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          const frame = JSON.parse(line);
          if (frame.type === "done") done = frame;
          if (frame.type !== "call") continue;
          if (answered > 0) turns.push(now() - answered);
          answered = now();
          send(`/v1/executions/${id}/calls/${frame.callId}`, { ok: tool(frame.name, frame.args) }, "*/*").then((answer) => answer.resume());
        }
      }
      return done;
    };
    return { execute, close: () => agent.destroy() };
  },

  async WebSocket(side) {
    let settle, turns, answered;
    const socket = await openWebSocket(new URL("/v1/ws", side.url), (message) => {
      const frame = JSON.parse(message);
      if (frame.type === "call") {
        if (answered > 0) turns.push(now() - answered);
        answered = now();
        socket.send(JSON.stringify({ type: "result", id: frame.id, callId: frame.callId, ok: tool(frame.name, frame.args) }));
      } else if (frame.type === "done" || frame.type === "refused") {
        settle(frame);
      }
    });
    const execute = (code, into) => new Promise((resolve) => {
      [settle, turns, answered] = [resolve, into, 0];
      socket.send(JSON.stringify({ type: "execute", ref: "bench", ...request(code) }));
    });
    return { execute, close: () => socket.close() };
  },

  async calls(side) {
    const agent = new http.Agent({ keepAlive: true, noDelay: true });
    return { execute: async (code) => JSON.parse(await text(await post(side, agent, code))), close: () => agent.destroy() };
  },
};

async function measureOne(speaker, program, seconds) {
  const times = [], turns = [];
  const run = async () => {
    const name = unique();
    const begin = now();
    const { result, ...rest } = await speaker.execute(source(program, name), turns);
    times.push(now() - begin);
    if (result !== name) throw new Error(`wrong answer: ${JSON.stringify({ result, ...rest }).slice(0, 500)}`);
  };
  for (let i = 0; i < 20; i++) await run();
  times.length = turns.length = 0;
  for (const end = now() + seconds * 1e6; now() < end;) await run();
  times.sort((a, b) => a - b);
  turns.sort((a, b) => a - b);
  return { runs: times.length, p50: at(times, 0.5), p99: at(times, 0.99), ...(program.name.includes("sequence") && turns.length > 0 ? { turnP50: at(turns, 0.5), turnP99: at(turns, 0.99) } : {}) };
}

export async function measureCalls(results, sides, say) {
  const { rounds, seconds } = results.plan;
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(sides);
    if (round % 2 === 1) names.reverse();
    for (const program of PROGRAMS) {
      for (const name of names) {
        for (const way of WAYS[name]) {
          const side = await new sides[name]().start(name === "workerd" ? { config: "workerd-calls.capnp" } : {});
          try {
            const speaker = await speakers[way](side);
            const result = await measureOne(speaker, program, seconds);
            speaker.close();
            ((results.calls[program.name] ??= {})[`${name}: ${way}`] ??= []).push({ ...result, calls: program.calls });
            say(`round ${round + 1}, ${program.name}, ${name} (${way}): p50 ${(result.p50 / 1000).toFixed(2)} ms, p99 ${(result.p99 / 1000).toFixed(2)} ms`);
          } finally {
            await side.stop();
          }
        }
      }
    }
  }
}
