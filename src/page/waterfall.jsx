// waterfall: where the time of a run went: its own, and what it waited for.
import { msText } from "./units.js";

const ROWS_MAX = 100;

function rowsOf(run) {
  const rows = [{ name: "the run", from: 0, ms: run.usage.wallMs, kind: "run" }, { name: "CPU, in all", from: 0, ms: run.usage.cpuMs, kind: "cpu" }];
  if (run.usage.queueMs > 0) rows.unshift({ name: "waited for a place", from: -run.usage.queueMs, ms: run.usage.queueMs, kind: "queue" });
  for (const one of run.subrequests ?? []) rows.push({ name: `${one.method} ${one.host}`, note: one.error ?? one.status ?? one.decision, from: one.startMs ?? 0, ms: one.ms ?? 0, kind: one.error ? "failed" : "fetch" });
  for (const one of run.toolCalls ?? []) rows.push({ name: `${one.namespace}.${one.name}`, note: one.outcome, from: one.startMs ?? 0, ms: one.ms ?? 0, kind: "call" });
  return rows;
}

export function Waterfall({ run }) {
  const all = rowsOf(run);
  const rows = all.slice(0, ROWS_MAX);
  const begin = Math.min(...rows.map(({ from }) => from), 0);
  const end = Math.max(...rows.map(({ from, ms }) => from + ms), begin + 0.001);
  const place = (ms) => `${(100 * (ms - begin)) / (end - begin)}%`;
  return (
    <>
      <table class="waterfall">
        <caption class="quiet">{`${msText(end - begin)} in all`}{run.usage.hostWaitMs > 0 ? `, ${msText(run.usage.hostWaitMs)} of it waiting` : ""}</caption>
        <thead><tr><th scope="col">What</th><th scope="col">Took</th><th scope="col" class="when">When</th></tr></thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              <th scope="row">{row.name}{row.note !== undefined && <span class="quiet"> {row.note}</span>}</th>
              <td>{msText(row.ms)}</td>
              <td class="when"><svg class="span" aria-hidden="true"><rect class={row.kind} x={place(row.from)} width={`max(2px, ${(100 * row.ms) / (end - begin)}%)`} y="2" height="12" rx="2" /></svg></td>
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > ROWS_MAX && <p class="quiet">{`${all.length - ROWS_MAX} more are not shown`}</p>}
    </>
  );
}
