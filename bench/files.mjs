// files.mjs - workspaces from inside a program: the same text on both sides, on `state` of @cloudflare/shell. On mayflyd's side it is Mayfly's
// own, over the daemon's store; on workerd's the package itself, in a Durable Object with SQLite on the disk.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { at, here, now, unique } from "./load.mjs";
import { deps, Mayfly, Workerd } from "./sides.mjs";

const FILES = 1000, FILE_BYTES = 4096;
const MANY = 10_000;
const BIG_FILES = 1600, BIG_BYTES = 65_536;
const STREAM_BYTES = 2 ** 30, PIECE_BYTES = 2 ** 20;
const POINT_OPS = 100;
const LIMITS = { wallMs: 600_000, cpuMs: 300_000 };
const WORKSPACE = { name: "bench", quota: { bytes: 2 ** 34, inodes: 2_000_000 } };

const each = (call) => `for (let i = 0; i < ${FILES}; i++) ${call("i")};`;
const all = (call) => `await Promise.all(Array.from({ length: ${FILES} }, (_, i) => ${call("i")}));`;
const write = (i) => `state.writeFile({ path: "/small/" + ${i}, content: (NAME + ${i}).padEnd(${FILE_BYTES}, "x") })`;
const read = (i) => `state.readFile({ path: "/small/" + ${i} }).then((text) => { if (text.length !== ${FILE_BYTES}) throw new Error("wrong"); })`;
const fsWrite = (i) => `fs.writeFileSync("/small/" + ${i}, (NAME + ${i}).padEnd(${FILE_BYTES}, "x"))`;
const fsRead = (i) => `if (fs.readFileSync("/small/" + ${i}, "utf8").length !== ${FILE_BYTES}) throw new Error("wrong")`;
const inTurn = (call) => (i) => `await ${call(i)}`;

// |what|: divides the time. |fs|: for node:fs. |once|: also as one transaction. The first one that writes makes the files that others read.
const PROGRAMS = [
  { name: "nothing", what: 1, body: "" },
  { name: `write ${FILES} files of 4 KB in sequence`, what: FILES, body: each(inTurn(write)), fs: each(fsWrite), once: true },
  { name: `write ${FILES} files of 4 KB at once`, what: FILES, body: all(write), once: true },
  { name: `read ${FILES} files of 4 KB in sequence`, what: FILES, body: each(inTurn(read)), fs: each(fsRead) },
  { name: `read ${FILES} files of 4 KB at once`, what: FILES, body: all(read) },
  { name: `list ${MANY} files`, what: 1, body: `if ((await state.glob({ pattern: "/many/*" })).length !== ${MANY}) throw new Error("wrong");` },
  { name: "search 100 MB in 1,600 files", what: 1, body: `if ((await state.searchFiles({ pattern: "/big/**", query: "needle" })).length !== 1) throw new Error("wrong");` },
];

// One point operation |POINT_OPS| times, each on another file of a tree of directories with 1,000 files each.
const POINTS = {
  read: (at) => `await state.readFile({ path: ${at} })`,
  stat: (at) => `await state.stat({ path: ${at} })`,
  write: (at) => `await state.writeFile({ path: ${at}, content: NAME + i })`,
  rename: (at) => `await state.mv({ src: ${at}, dest: ${at} + "~" }), await state.mv({ src: ${at} + "~", dest: ${at} })`,
  "make and remove": (at) => `await state.writeFile({ path: ${at} + "+", content: NAME }), await state.rm({ path: ${at} + "+" })`,
};
const point = (call, files) => `for (let i = 0; i < ${POINT_OPS}; i++) { const file = (i * 7919 + 17) % ${files}; ${call('"/tree/" + Math.floor(file / 1000) + "/" + file % 1000')}; }`;

/* ---- requests ---- */

const agent = new http.Agent({ keepAlive: true, noDelay: true });

function send(url, method, body, type) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, headers: { "content-type": type } }, async (response) => {
      let text = "";
      response.setEncoding("utf8");
      for await (const chunk of response) text += chunk;
      response.statusCode < 300 ? resolve(text) : reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`));
    });
    request.on("error", reject);
    if (typeof body === "string") return request.end(body);
    (async () => {
      for await (const piece of body) if (!request.write(piece)) await new Promise((drained) => request.once("drain", drained));
      request.end();
    })().catch(reject);
  });
}

const inThousands = (i) => `${Math.floor(i / 1000)}/${i % 1000}`;

// A tar archive of |count| files in pieces.
function* tar(count, nameOf, textOf) {
  const header = (name, size, type) => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write("0000644\0" + "0000000\0".repeat(2) + size.toString(8).padStart(11, "0") + "\0" + "14000000000\0" + " ".repeat(8) + type, 100);
    block.write("ustar\x0000", 257);
    block.write(block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ", 148);
    return block;
  };
  let parts = [];
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) { yield Buffer.concat(parts); parts = []; }
    const text = Buffer.from(textOf(i));
    parts.push(header(nameOf(i), text.length, "0"), text, Buffer.alloc(-text.length & 511));
  }
  yield Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/* ---- the sides ---- */

class MayflyFiles extends Mayfly {
  static ways = ["state", "state, one transaction", "node:fs"];
  async start() {
    await super.start({ limits: { wallMs: { max: LIMITS.wallMs }, cpuMs: { max: LIMITS.cpuMs } } });
    const { name, ...rest } = WORKSPACE;
    await send(new URL(`/v1/workspaces/${name}`, this.url), "PUT", JSON.stringify(rest), "application/json");
    return this;
  }
  async execute(body, way) {
    const head = way === "node:fs" ? 'const fs = await import("node:fs"); ' : "";
    const request = { code: `async () => { ${head}${body} }`, language: "javascript", limits: LIMITS, workspaces: [{ name: WORKSPACE.name, namespace: "state", transaction: way.endsWith("transaction") ? "run" : "each" }] };
    const done = JSON.parse(await send(new URL("/v1/executions", this.url), "POST", JSON.stringify(request), "application/json"));
    if (done.outcome !== "ok") throw new Error(`wrong answer: ${JSON.stringify(done).slice(0, 500)}`);
    return done.result;
  }
  fill(directory, count, text) { return this.take(directory, tar(count, String, (i) => `${i}\n${text}`)); }
  take(directory, archive) { return send(new URL(`/v1/workspaces/${WORKSPACE.name}/archive?path=${directory}`, this.url), "PUT", archive, "application/x-tar"); }
}

class WorkerdFiles extends Workerd {
  static ways = ["state"];
  async start() {
    this.dir = mkdtempSync(path.join(tmpdir(), "mayfly-bench-"));
    const disk = path.join(this.dir, "disk"), config = path.join(this.dir, "workerd.capnp");
    mkdirSync(disk);
    writeFileSync(config, readFileSync(path.join(here, "workerd-files.capnp"), "utf8").replace('"DISK"', JSON.stringify(disk)));
    const made = spawnSync(path.join(deps, "npm/node_modules/.bin/esbuild"), [path.join(here, "workerd-files.js"), "--bundle", "--format=esm", "--platform=node", "--conditions=workerd,import",
      "--external:cloudflare:*", "--external:node:*", "--log-level=error", `--outfile=${path.join(this.dir, "parent.js")}`], { encoding: "utf8", env: { ...process.env, NODE_PATH: path.join(deps, "npm-clients/node_modules") } });
    if (made.status !== 0) throw new Error(`esbuild: ${made.stderr}`);
    return super.start({ config });
  }
  async execute(body) {
    const done = JSON.parse(await send(this.url, "POST", `async () => { ${body} }`, "text/javascript"));
    if (done.error) throw new Error(done.error);
    return done.result;
  }
  fill(directory, count, text) { return send(new URL(`${directory}?count=${count}`, this.url), "PUT", text, "text/plain"); }
}

const SIDES = { mayfly: MayflyFiles, workerd: WorkerdFiles };

/* ---- measuring ---- */

// Runs |body| until |seconds| are over, three times at least; a text of its own each time.
async function measureOne(side, body, way, seconds) {
  const times = [];
  const run = async () => {
    const begin = now();
    await side.execute(`const NAME = "${unique()}-"; ${body}`, way);
    times.push(now() - begin);
  };
  await run();
  times.length = 0;
  const before = side.use().cpuMs;
  for (const end = now() + seconds * 1e6; now() < end || times.length < 3;) await run();
  const cpuMs = (side.use().cpuMs - before) / times.length;
  times.sort((a, b) => a - b);
  return { runs: times.length, p50: at(times, 0.5), p95: at(times, 0.95), p99: at(times, 0.99), cpuMs };
}

async function measurePrograms(results, names, say) {
  const { rounds, seconds } = results.plan;
  for (let round = 0; round < rounds; round++) {
    const sides = {};
    try {
      for (const name of names) {
        sides[name] = await new SIDES[name]().start();
        await sides[name].fill("/many", MANY, "text");
        await sides[name].fill("/big", BIG_FILES, `${"a line of what is not it\n".repeat(3000)}`.slice(0, BIG_BYTES));
        await sides[name].execute('await state.writeFile({ path: "/big/one", content: "here is the\\nneedle\\n" });', "state");
      }
      for (const program of PROGRAMS) {
        for (const name of round % 2 === 1 ? [...names].reverse() : names) {
          for (const way of SIDES[name].ways) {
            const body = way === "node:fs" ? program.fs : way === "state" || program.once ? program.body : undefined;
            if (body === undefined) continue;
            const result = await measureOne(sides[name], body, way, seconds);
            ((results.files.programs[program.name] ??= {})[`${name}: ${way}`] ??= []).push({ ...result, what: program.what });
            say(`round ${round + 1}, ${program.name}, ${name} (${way}): p50 ${(result.p50 / 1000).toFixed(1)} ms, p99 ${(result.p99 / 1000).toFixed(1)} ms, CPU ${result.cpuMs.toFixed(0)} ms`);
          }
        }
      }
    } finally {
      for (const side of Object.values(sides)) await side.stop();
    }
  }
}

// A file of 1 GB, written and read by streams of node:fs in pieces of 1 MB; and the most memory that all processes had meanwhile.
const STREAMS = {
  write: `const { finished } = await import("node:stream/promises"); const out = fs.createWriteStream("/stream"); const piece = new Uint8Array(${PIECE_BYTES});
    for (let i = 0; i < ${STREAM_BYTES / PIECE_BYTES}; i++) { piece.fill(i); piece[0] = i >> 8; if (!out.write(piece.slice())) await new Promise((go) => out.once("drain", go)); } out.end(); await finished(out);`,
  read: `let bytes = 0; for await (const piece of fs.createReadStream("/stream", { highWaterMark: ${PIECE_BYTES} })) bytes += piece.length; if (bytes !== ${STREAM_BYTES}) throw new Error("wrong");`,
};

async function measureStream(results, say) {
  const side = await new MayflyFiles().start();
  try {
    await side.execute("", "node:fs");
    for (const [name, body] of Object.entries(STREAMS)) {
      const before = side.use();
      let peakKb = 0;
      const timer = setInterval(() => { peakKb = Math.max(peakKb, side.use().rssKb); }, 100);
      const begin = now();
      await side.execute(body, "node:fs").finally(() => clearInterval(timer));
      const seconds = (now() - begin) / 1e6;
      results.files.stream[name] = { seconds, mbPerSecond: STREAM_BYTES / 1e6 / seconds, cpuMs: side.use().cpuMs - before.cpuMs, beforeKb: before.rssKb, peakKb };
      say(`1 GB, ${name}: ${seconds.toFixed(1)} s, ${(STREAM_BYTES / 1e6 / seconds).toFixed(0)} MB/s, memory ${(before.rssKb / 1024).toFixed(0)} to ${(peakKb / 1024).toFixed(0)} MB`);
    }
  } finally {
    await side.stop();
  }
}

async function measureGrowth(results, say) {
  for (const files of results.plan.fileCounts) {
    const side = await new MayflyFiles().start();
    try {
      const begin = now();
      await side.take("/tree", tar(files, inThousands, (i) => `file ${i}\n`));
      const growth = (results.files.growth[files] = { fillSeconds: (now() - begin) / 1e6, ops: {} });
      say(`${files} files: taken in in ${growth.fillSeconds.toFixed(1)} s`);
      for (const [name, call] of Object.entries(POINTS)) {
        growth.ops[name] = await measureOne(side, point(call, files), "state", results.plan.seconds);
        say(`${files} files, ${name}: p50 ${(growth.ops[name].p50 / 1000 / POINT_OPS).toFixed(3)} ms each`);
      }
    } finally {
      await side.stop();
    }
  }
}

export const POINT_COUNT = POINT_OPS;

export async function measureFiles(results, sides, say) {
  results.files = { programs: {}, stream: {}, growth: {} };
  await measurePrograms(results, Object.keys(sides), say);
  if (!sides.mayfly) return;
  await measureStream(results, say);
  await measureGrowth(results, say);
}
