// watch: what the daemon does now: runs as they end, how long they took, executors and memory, what each tenant used.
import { useEffect, useRef, useState } from "preact/hooks";
import { follow, get, token } from "./api.js";
import { Waterfall } from "./waterfall.jsx";
import { bytesText, countText, msText } from "./units.js";

const RUNS_KEPT = 200; // in the table, and under the histogram
const SECONDS_KEPT = 60; // of the line of runs a second
const BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

// A tail item to the shape of a run of /v1/runs.
const runOf = (item) => ({
  ...item, worker: item.scriptName, endedAt: new Date(item.eventTimestamp + (item.wallTime ?? 0)).toISOString(), request: item.event?.request ?? null, response: item.event?.response ?? null,
  usage: { cpuMs: item.cpuTime ?? 0, wallMs: item.wallTime ?? 0, hostWaitMs: 0, ...item.usage },
  logs: item.logs.map((log) => ({ ...log, message: Array.isArray(log.message) ? log.message.join(" ") : log.message })),
});

function useRuns() {
  const [runs, setRuns] = useState([]);
  const [state, setState] = useState("waiting");
  const [dropped, setDropped] = useState(0);
  const seconds = useRef(new Map());
  const [held, setHeld] = useState(token.get());
  useEffect(() => token.onChange(() => setHeld(token.get())), []);
  useEffect(() => {
    const abort = new AbortController();
    let fresh = [];
    const add = (more) => setRuns((before) => {
      const known = new Set(before.map(({ id }) => id));
      return [...more.filter(({ id }) => !known.has(id)), ...before].slice(0, RUNS_KEPT);
    });
    get(`/v1/runs?limit=${RUNS_KEPT}`, { signal: abort.signal }).then(({ runs: past }) => add(past), () => {});
    follow("/v1/tail", ({ event, data }) => {
      if (event === "run") {
        const second = Math.floor(Date.now() / 1000);
        seconds.current.set(second, (seconds.current.get(second) ?? 0) + 1);
        fresh.unshift(runOf(data));
      } else if (event === "dropped") setDropped((count) => count + data.dropped);
    }, setState, abort.signal);
    /* A flood of runs draws four times a second and no oftener. */
    const timer = setInterval(() => { if (fresh.length > 0) { add(fresh.slice(0, RUNS_KEPT)); fresh = []; } }, 250);
    return () => { abort.abort(); clearInterval(timer); setRuns([]); };
  }, [held]);
  return { runs, state, dropped, seconds: seconds.current };
}

function Histogram({ runs }) {
  const counts = Array(BOUNDS_MS.length + 1).fill(0);
  for (const run of runs) counts[BOUNDS_MS.findIndex((bound) => run.usage.wallMs <= bound) + (BOUNDS_MS.every((bound) => run.usage.wallMs > bound) ? BOUNDS_MS.length + 1 : 0)]++;
  const most = Math.max(...counts, 1);
  const sorted = runs.map(({ usage }) => usage.wallMs).sort((a, b) => a - b);
  const at = (part) => (sorted.length === 0 ? undefined : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
  const label = `Wall time of the last ${runs.length} runs: half within ${msText(at(0.5))}, 99 % within ${msText(at(0.99))}`;
  return (
    <figure>
      <figcaption>Wall time <span class="quiet">{runs.length === 0 ? "no runs yet" : `p50 ${msText(at(0.5))} · p95 ${msText(at(0.95))} · p99 ${msText(at(0.99))}`}</span></figcaption>
      <svg viewBox={`0 0 ${counts.length * 20} 70`} role="img" aria-label={label} class="histogram">
        {counts.map((count, i) => <rect key={i} x={i * 20 + 2} width="16" y={55 - (50 * count) / most} height={(50 * count) / most + 1} rx="2" />)}
        {BOUNDS_MS.map((bound, i) => (i % 2 === 0 ? <text key={bound} x={i * 20 + 20} y="67">{bound < 1000 ? bound : `${bound / 1000} s`}</text> : null))}
      </svg>
    </figure>
  );
}

function Rate({ seconds }) {
  const [now, setNow] = useState(Math.floor(Date.now() / 1000));
  useEffect(() => {
    const timer = setInterval(() => setNow(Math.floor(Date.now() / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  const counts = Array.from({ length: SECONDS_KEPT }, (_, i) => seconds.get(now - SECONDS_KEPT + i) ?? 0);
  for (const second of seconds.keys()) if (second < now - SECONDS_KEPT) seconds.delete(second);
  const most = Math.max(...counts, 1);
  return (
    <figure>
      <figcaption>Runs a second <span class="quiet">{`now ${counts[SECONDS_KEPT - 1]}, at most ${Math.max(...counts)} in a minute`}</span></figcaption>
      <svg viewBox={`0 0 ${SECONDS_KEPT - 1} 60`} preserveAspectRatio="none" role="img" aria-label={`Runs a second over the last minute, ${counts[SECONDS_KEPT - 1]} now`} class="rate">
        <polyline vector-effect="non-scaling-stroke" points={counts.map((count, i) => `${i},${56 - (52 * count) / most}`).join(" ")} />
      </svg>
    </figure>
  );
}

function Executors({ health }) {
  if (!health?.executors) return <figure><figcaption>Executors</figcaption><p class="quiet">Not told without a token.</p></figure>;
  const list = health.executors.list ?? [];
  const bytes = list.reduce((sum, one) => sum + one.rssBytes, 0);
  return (
    <figure>
      <figcaption>Executors <span class="quiet">{`${health.executors.ready} of ${health.executors.wanted} ready · ${bytesText(bytes)} resident · ${health.runs.active} runs, ${health.runs.waiting} waiting`}</span></figcaption>
      <table>
        <thead><tr><th scope="col">Process</th><th scope="col">State</th><th scope="col">Runs</th><th scope="col">Standby</th><th scope="col">In all</th><th scope="col">Memory</th></tr></thead>
        <tbody>{list.slice(0, 16).map((one) => <tr key={one.pid}><td>{one.pid}</td><td>{one.state}</td><td>{one.runs}</td><td>{one.standby}</td><td>{countText(one.runsTotal)}</td><td>{bytesText(one.rssBytes)}</td></tr>)}</tbody>
      </table>
    </figure>
  );
}

function Usage() {
  const [rows, setRows] = useState([]);
  const [by, setBy] = useState("tenant");
  const [wrong, setWrong] = useState(null);
  useEffect(() => {
    let isOver = false;
    const look = () => get(`/v1/usage?groupBy=${by}`).then((answer) => !isOver && (setRows(answer.rows), setWrong(null)), (error) => !isOver && setWrong(error.message));
    look();
    const timer = setInterval(look, 10_000);
    return () => { isOver = true; clearInterval(timer); };
  }, [by]);
  return (
    <figure>
      <figcaption>Used today <label class="quiet">by <select value={by} onChange={(event) => setBy(event.currentTarget.value)}><option>tenant</option><option>worker</option><option>day</option></select></label></figcaption>
      {wrong !== null ? <p class="quiet">{wrong}</p> : rows.length === 0 ? <p class="quiet">Nothing yet.</p> : (
        <table>
          <thead><tr><th scope="col">{by}</th><th scope="col">Runs</th><th scope="col">CPU</th><th scope="col">Unique workers</th><th scope="col">Price</th></tr></thead>
          <tbody>{rows.slice(0, 20).map((row, i) => <tr key={i}><td>{row[by] || "–"}</td><td>{countText(row.invocations ?? row.runs ?? 0)}</td><td>{msText(row.cpuMs ?? 0)}</td><td>{countText(row.uniqueWorkers ?? 0)}</td><td>{`$${(row.cost?.total ?? 0).toFixed(6)}`}</td></tr>)}</tbody>
        </table>
      )}
    </figure>
  );
}

function Details({ id, onClose }) {
  const [run, setRun] = useState(null);
  useEffect(() => {
    let isOver = false;
    get(`/v1/runs/${encodeURIComponent(id)}`).then((one) => !isOver && setRun(one), (error) => !isOver && setRun({ wrong: error.message }));
    return () => { isOver = true; };
  }, [id]);
  return (
    <section class="pane details" aria-label={`Run ${id}`}>
      <div class="bar"><code>{id}</code><span class="grow" /><button onClick={onClose}>Close</button></div>
      {run === null ? <p class="quiet">Loading</p> : run.wrong ? <p>{run.wrong}</p> : (
        <>
          <Waterfall run={run} />
          {run.error && <p class="what"><code>{run.error.code}</code> {run.error.message}</p>}
          {run.exceptions.map((one, i) => <pre key={i} tabIndex={0}>{one.stack || `${one.name}: ${one.message}`}</pre>)}
          <ol class="logs">{run.logs.map((log, i) => <li key={i} class={log.level}><span class="level">{log.level}</span> <span class="text">{log.message}</span></li>)}</ol>
        </>
      )}
    </section>
  );
}

function Stream({ state, dropped }) {
  if (state instanceof Error) return <p role="alert" class="refusal">{state.message}{state.status === 401 ? " Put a token in the field at the top." : ""}</p>;
  return <p class="quiet" role="status">{state === "live" ? "Live" : "Waiting for the daemon"}{dropped > 0 ? ` · ${countText(dropped)} runs were left out, as they came faster than they could be sent` : ""}</p>;
}

export function Watch({ health }) {
  const { runs, state, dropped, seconds } = useRuns();
  const [open, setOpen] = useState(null);
  return (
    <div class="watch">
      <div class="figures"><Rate seconds={seconds} /><Histogram runs={runs} /><Executors health={health} /><Usage /></div>
      <section aria-label="Runs">
        <Stream state={state} dropped={dropped} />
        {open !== null && <Details id={open} onClose={() => setOpen(null)} />}
        <div class="scroll" tabIndex={0} role="region" aria-label="Runs, the newest first">
          <table class="runs">
            <thead><tr><th scope="col">Ended</th><th scope="col">Outcome</th><th scope="col">Kind</th><th scope="col">Worker</th><th scope="col">Request</th><th scope="col">Wall</th><th scope="col">CPU</th><th scope="col">Memory</th><th scope="col">Run</th></tr></thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <td>{new Date(run.endedAt).toLocaleTimeString()}</td>
                  <td><span class={`chip ${run.outcome === "ok" ? "good" : "bad"}`}>{run.outcome}</span></td>
                  <td>{run.kind}</td><td>{run.worker ?? "–"}</td>
                  <td class="url">{run.request === null ? "–" : `${run.request.method} ${run.request.url}`}</td>
                  <td>{msText(run.usage.wallMs)}</td><td>{msText(run.usage.cpuMs)}</td><td>{bytesText(run.usage.memoryPeakBytes)}</td>
                  <td><button class="plain" onClick={() => setOpen(run.id)}>{run.id}</button></td>
                </tr>
              ))}
            </tbody>
          </table>
          {runs.length === 0 && <p class="empty quiet">No run has ended yet. One from the other view, or from curl, comes up here by itself.</p>}
        </div>
      </section>
    </div>
  );
}
