// report.mjs - results as Markdown: tables, and the ratios that the project holds itself to.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";

const TITLES = { mayfly: "mayflyd", workerd: "workerd" };

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const spread = (numbers, digits) => `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)}–${Math.max(...numbers).toFixed(digits)})`;
const mb = (kb) => (kb / 1024).toFixed(1);

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}

function command(file, args) {
  try { return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(); } catch { return "unknown"; }
}

function machine() {
  const release = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  return `${os.cpus().length} × ${os.cpus()[0]?.model}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${release}, Linux ${os.release()}`;
}

function speed(results) {
  const rows = [];
  for (const { name: load } of results.plan.loads) {
    for (const [name, all] of Object.entries(results.speed)) {
      const rounds = all[load];
      const ms = (key) => spread(rounds.map((one) => one[key] / 1000), 2);
      rows.push([load, TITLES[name], ms("p50"), ms("p95"), ms("p99"), spread(rounds.map((one) => one.perSecond), 0), spread(rounds.map((one) => one.cpuMsPerRun), 2)]);
    }
  }
  return "\n## Speed\n\nMedian of the rounds (least–most). Milliseconds as the client sees them.\n\n" +
    table(["connections", "", "p50 ms", "p95 ms", "p99 ms", "runs/s", "CPU ms/run"], rows);
}

function parked(results) {
  const rows = Object.entries(results.parked).map(([name, one]) =>
    [TITLES[name], one.idle.processes, mb(one.fresh.pssKb), mb(one.idle.pssKb), mb(one.live.pssKb), (one.perRunKb / 1024).toFixed(2), mb(one.after.pssKb)]);
  return `\n## Memory at rest and with parked runs\n\nPSS of all processes of a side, MB: just started, after 100 runs, with ${results.plan.parkedRuns} runs alive that wait for a timer, and after their end.\n\n` +
    table(["", "processes", "started", "at rest", "all parked", "for each parked run", "after"], rows);
}

function soak(results) {
  const rows = [];
  for (const [name, all] of Object.entries(results.soak)) {
    for (const one of all) rows.push([TITLES[name], one.runs, one.stopped ? "stopped" : mb(one.rssKb), one.stopped ? "" : mb(one.pssKb), mb(one.peakKb)]);
  }
  return "\n## Memory after many runs\n\nMB, all processes of a side together, a second after the last run. A side that reaches 8 GiB is stopped.\n\n" + table(["", "runs", "RSS", "PSS", "highest RSS"], rows);
}

const named = (way) => way.replace(/^\w+/, (name) => TITLES[name]);

function proxy(results) {
  const rows = [];
  for (const [load, ways] of Object.entries(results.proxy)) {
    for (const [way, rounds] of Object.entries(ways)) {
      const ms = (key) => spread(rounds.map((one) => one[key] / 1000), 2);
      rows.push([load, named(way), ms("p50"), ms("p95"), ms("p99"), spread(rounds.map((one) => one.perSecond), 0), spread(rounds.map((one) => one.mbPerSecond), 0), spread(rounds.map((one) => one.cpuMsPerRun), 2)]);
    }
  }
  return "\n## Passing on what an upstream answers\n\n`fetch: () => fetch(upstream)`, new code in each request: the bytes of an answer, and the number of connections. The upstream is a Node server on the same CPUs.\n" +
    "mayflyd sends as its outbound says: *allow* adds nothing, *inject* a bearer token, which it searches the answer for unless redact is off. workerd sends through a `Fetcher` that adds the same header.\n\n" +
    table(["", "", "p50 ms", "p95 ms", "p99 ms", "runs/s", "MB/s", "CPU ms/run"], rows);
}

function slow(results) {
  const rows = Object.entries(results.slow).map(([name, one]) => [TITLES[name], one.still, mb(one.early.pssKb), mb(one.late.pssKb), (one.late.pssKb / one.early.pssKb).toFixed(3), mb(one.early.rssKb), mb(one.late.rssKb)]);
  return `\n## A thousand slow upstreams\n\nEach of 1,000 runs passes on an answer that comes a kilobyte every 100 ms. MB, all processes of a side together: when all of them stream, and ${results.plan.slowSeconds} s later.\n\n` +
    table(["", "still streaming", "PSS", "PSS later", "later ÷ first", "RSS", "RSS later"], rows);
}

// What the project set out to reach, and what this run says.
// One round trip: what a call in sequence adds to a program without calls.
function calls(results) {
  const rows = [];
  const of = (program, way, key) => results.calls[program]?.[way]?.map((one) => one[key]);
  for (const [program, ways] of Object.entries(results.calls)) {
    for (const [way, rounds] of Object.entries(ways)) {
      const ms = (key) => (rounds[0][key] === undefined ? "" : spread(rounds.map((one) => one[key] / 1000), 2));
      const none = of("no call", way, "p50");
      const each = none && rounds[0].calls > 1 ? ((median(of(program, way, "p50")) - median(none)) / rounds[0].calls / 1000).toFixed(3) : "";
      rows.push([program, named(way), ms("p50"), ms("p99"), each, ms("turnP50"), ms("turnP99"), rounds.reduce((sum, one) => sum + one.runs, 0)]);
    }
  }
  return "\n## Programs that call tools\n\nOne program at a time, new code in each. mayflyd's calls go out of the daemon to the client, a process of its own, over a stream of lines (an HTTP request for each answer) or one WebSocket. " +
    "workerd's are answered by the parent worker inside its process, as `@cloudflare/codemode`'s `DynamicWorkerExecutor` does it: no byte leaves it. *Each call* is what the calls add at the median, divided by their number; *turn* is the time from an answer to the next call, as the client sees it.\n\n" +
    table(["", "", "p50 ms", "p99 ms", "each call ms", "turn p50 ms", "turn p99 ms", "runs"], rows);
}

// |ms|: of the whole program, and divided by the number of files that it has to do with.
function files(results) {
  const { programs, stream, growth } = results.files;
  const rows = [];
  for (const [program, ways] of Object.entries(programs)) {
    for (const [way, rounds] of Object.entries(ways)) {
      const ms = (key, digits) => spread(rounds.map((one) => one[key] / 1000), digits);
      rows.push([program, named(way), ms("p50", 1), ms("p95", 1), ms("p99", 1), rounds[0].what > 1 ? (median(rounds.map((one) => one.p50)) / rounds[0].what / 1000).toFixed(3) : "",
        spread(rounds.map((one) => one.cpuMs), 0), rounds.reduce((sum, one) => sum + one.runs, 0)]);
    }
  }
  const streams = Object.entries(stream).map(([name, one]) => [name, one.seconds.toFixed(1), one.mbPerSecond.toFixed(0), one.cpuMs, mb(one.beforeKb), mb(one.peakKb)]);
  const points = Object.entries(growth).flatMap(([count, { ops }]) => Object.entries(ops).map(([name, one]) =>
    [Number(count).toLocaleString("en"), name, ...["p50", "p95", "p99"].map((key) => (one[key] / 1e5).toFixed(3)), (one.cpuMs / 100).toFixed(3), one.runs]));
  const fills = Object.entries(growth).map(([count, { fillSeconds }]) => `${Number(count).toLocaleString("en")} files in ${fillSeconds.toFixed(1)} s`);
  return "\n## Workspaces\n\nOne program at a time, the same text on both sides, on `state` of `@cloudflare/shell`. mayflyd's is its own, in the isolate, over the daemon's store: a process for the script, another for the files. " +
    "workerd's is the package itself (0.4.3) over SQLite in a Durable Object, called by a worker of its own through RPC within one process. On both sides every write is on the disk before it is answered; *one transaction* is a run whose writes are all on the disk when its answer is sent, or none. " +
    "The times are those of whole programs as the client sees them; CPU is that of all processes of a side.\n\n" +
    table(["", "", "p50 ms", "p95 ms", "p99 ms", "each file ms", "CPU ms", "runs"], rows) +
    fileRatios(programs) +
    (streams.length ? "\nA file of 1 GB through `createWriteStream` and `createReadStream` of `node:fs`, in pieces of 1 MB; memory is the RSS of all processes, before and at its highest. `@cloudflare/shell` keeps files whole in a row of 2 MB at most, so there is no other side.\n\n" +
      table(["", "s", "MB/s", "CPU ms", "RSS before MB", "highest MB"], streams) : "") +
    (points.length ? `\nPoint operations on workspaces of different sizes (taken in as tar: ${fills.join(", ")}), 100 in each program, milliseconds for each.\n\n` + table(["files", "", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "runs"], points) : "");
}

function workers(results) {
  const counts = Object.entries(results.workers);
  const named = (count) => Number(count).toLocaleString("en");
  const rows = counts.map(([count, one]) => [named(count), (one.added / one.fillSeconds).toFixed(0), (one.diskBytes / 2 ** 20).toFixed(1), mb(one.filledKb), one.startMs.toFixed(0), mb(one.startKb), mb(one.servedKb)]);
  const ops = counts.flatMap(([count, one]) => Object.entries(one.ops).map(([name, { p50, p99, runs }]) => [named(count), name, (p50 / 1000).toFixed(2), (p99 / 1000).toFixed(2), runs]));
  return "\n## Stored workers\n\nWorkers with a module of 1 KB each, put by 32 connections. Memory is the RSS of mayflyd itself, without executors: when they are stored, after a start on them, and after the operations below. The state directory has all that the daemon keeps, usage and the runs' history too.\n\n" +
    table(["stored workers", "stored/s", "disk MB", "RSS MB, stored", "start ms", "RSS MB, started", "RSS MB, after the operations"], rows) +
    "\nOperations one after the other, each on another worker.\n\n" + table(["stored workers", "", "p50 ms", "p99 ms", "times"], ops);
}

function fileRatios(programs) {
  const rows = [];
  for (const [program, ways] of Object.entries(programs)) {
    const of = (way, key) => median(ways[way].map((one) => one[key]));
    if (!ways["workerd: state"]) return "";
    for (const way of Object.keys(ways)) {
      if (way.startsWith("workerd")) continue;
      const ratio = (key) => (of("workerd: state", key) / of(way, key)).toFixed(2);
      rows.push([program, named(way), ratio("p50"), ratio("p99"), ratio("cpuMs"), / 4 KB /.test(program) ? "≥ 3" : ""]);
    }
  }
  return "\nworkerd ÷ mayflyd: above 1, mayflyd is the faster one.\n\n" + table(["", "", "p50", "p99", "CPU", "aim of p50"], rows);
}

function ratios(results) {
  const rows = [];
  const { mayfly, workerd } = results.speed;
  const of = (side, load, key) => median(side[load].map((one) => one[key]));
  for (const { name: load, pauseMs } of mayfly && workerd ? results.plan.loads : []) {
    const lower = (key) => (of(workerd, load, key) / of(mayfly, load, key)).toFixed(1);
    rows.push([`${load}: p50, workerd ÷ mayflyd`, lower("p50"), load === "1" ? "≥ 15" : ""]);
    rows.push([`${load}: p99, workerd ÷ mayflyd`, lower("p99"), ""]);
    if (!pauseMs) rows.push([`${load}: runs/s, mayflyd ÷ workerd`, (of(mayfly, load, "perSecond") / of(workerd, load, "perSecond")).toFixed(1), load === "8" ? "≥ 5" : ""]);
    rows.push([`${load}: CPU for each run, workerd ÷ mayflyd`, lower("cpuMsPerRun"), ""]);
  }
  if (results.parked.mayfly) rows.push(["mayflyd: MB for each parked run", (results.parked.mayfly.perRunKb / 1024).toFixed(2), "≤ 1.5"]);
  const [first, last] = results.soak.mayfly ?? [];
  if (last?.rssKb) rows.push([`mayflyd: RSS after ${last.runs} runs ÷ after ${first.runs}`, (last.rssKb / first.rssKb).toFixed(3), "≤ 1.05"]);
  for (const [load, ways] of Object.entries(results.proxy)) {
    const of_way = (way, key) => ways[way] && median(ways[way].map((one) => one[key]));
    const other = of_way("workerd: gateway", "perSecond");
    for (const way of ["inject", "inject, redact off"]) {
      if (other) rows.push([`proxy ${load}: runs/s, mayflyd (${way}) ÷ workerd`, (of_way(`mayfly: ${way}`, "perSecond") / other).toFixed(2), way === "inject" ? (load.startsWith("1 KB") ? "≥ 1" : "≥ 0.8") : ""]);
    }
    rows.push([`proxy ${load}: runs/s without the search for echoes ÷ with it`, (of_way("mayfly: inject, redact off", "perSecond") / of_way("mayfly: inject", "perSecond")).toFixed(2), ""]);
  }
  if (results.slow.mayfly) rows.push(["mayflyd: memory, 1,000 slow upstreams later ÷ first", (results.slow.mayfly.late.pssKb / results.slow.mayfly.early.pssKb).toFixed(3), "flat"]);
  return rows.length === 0 ? "" : "\n## Ratios\n\nWhat begins with a number begins with that of connections.\n\n" + table(["", "measured", "aim"], rows);
}

export function report(results, args) {
  const has = (part) => Object.keys(results[part]).length > 0;
  const { plan } = results;
  return `# mayflyd beside workerd\n\nMade by \`bench/run${args.length ? " " + args.join(" ") : ""}\` on ${new Date().toISOString().slice(0, 10)}, commit ${command("git", ["rev-parse", "--short", "HEAD"])}${command("git", ["status", "--porcelain", "--untracked-files=no"]) === "" ? "" : " with changes"}.\n` +
    `Machine: ${machine()}.\nSides: ${Object.entries(results.versions).map(([name, version]) => `${TITLES[name]} (${version})`).join(", ")}.\n` +
    `Load: ${spawnSync("wrk", ["-v"], { encoding: "utf8" }).stdout.split(" Copyright")[0].trim()}, one thread, ${plan.rounds} rounds of ${plan.seconds} s for each row, sides in turns, each with a fresh server.\n` +
    (has("speed") && results.speed.mayfly && results.speed.workerd || has("parked") || has("soak") || has("proxy") || has("slow") ? ratios(results) : "") +
    (has("speed") ? speed(results) : "") + (has("parked") ? parked(results) : "") + (has("soak") ? soak(results) : "") + (has("proxy") ? proxy(results) : "") + (has("slow") ? slow(results) : "") + (has("calls") ? calls(results) : "") + (has("files") ? files(results) : "") + (has("workers") ? workers(results) : "") +
    `\n## What this is, and what it is not\n\n` +
    `- Both sides get the same small JavaScript module in the body of a POST, new code in every request, and answer with what its \`fetch\` returns: mayflyd through \`POST /v1/run\`, workerd through a worker that calls \`LOADER.load(…).getEntrypoint().fetch(…)\`.\n` +
    `- mayflyd is set up as it ships: every layer of the jail, one executor for each CPU. workerd runs script on one thread and has no sandbox of its own around it; its maker's service adds one that is not measured here.\n` +
    `- The load tool shares the CPUs with the side that it measures.\n` +
    `- Not measured: large modules, TypeScript, TLS and HTTP/2 to upstreams, interceptor workers, named workers that are loaded once, a network between client and server, other machines.\n`;
}
