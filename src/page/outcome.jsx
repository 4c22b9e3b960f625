// outcome: what became of a run. All of it is text of somebody else's: it is never anything but text here, and pictures only from bytes.
import { useEffect, useState } from "preact/hooks";
import { Waterfall } from "./waterfall.jsx";
import { bytesText, msText } from "./units.js";

const SHOWN_CHARS = 200_000; // of a body; the rest is in the answer, and would only slow the page down
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)\b/;

function header(response, name) {
  return response.headers.find(([one]) => one.toLowerCase() === name)?.[1] ?? "";
}

function bytesOf(response) {
  return response.bodyBase64 === undefined ? undefined : Uint8Array.from(atob(response.bodyBase64), (c) => c.charCodeAt(0));
}

function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length && at < 4096; at += 16) {
    const row = bytes.subarray(at, at + 16);
    lines.push(`${at.toString(16).padStart(6, "0")}  ${Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(48)} ${Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("")}`);
  }
  return lines.join("\n");
}

function Picture({ bytes, type }) {
  const [url, setUrl] = useState(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  return url && <img src={url} alt="The response's body" />;
}

function Body({ response }) {
  const [isPretty, setPretty] = useState(true);
  const type = header(response, "content-type");
  const bytes = bytesOf(response);
  if (bytes !== undefined) return PICTURES.test(type) ? <Picture bytes={bytes} type={type} /> : <pre tabIndex={0}>{hexDump(bytes)}</pre>;
  const text = response.body ?? "";
  if (text === "") return <p class="quiet">No body</p>;
  let pretty;
  if (/json/.test(type)) {
    try {
      pretty = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      /* It only says that it is. */
    }
  }
  const shown = pretty !== undefined && isPretty ? pretty : text;
  return (
    <>
      {pretty !== undefined && <label class="quiet"><input type="checkbox" checked={isPretty} onChange={(event) => setPretty(event.currentTarget.checked)} /> indented</label>}
      <pre tabIndex={0} class="body">{shown.slice(0, SHOWN_CHARS)}</pre>
      {shown.length > SHOWN_CHARS && <p class="quiet">{`${shown.length - SHOWN_CHARS} more characters are not shown`}</p>}
    </>
  );
}

function Response({ response }) {
  if (response === null) return <p class="quiet">The worker did not answer.</p>;
  return (
    <>
      <details class="headers">
        <summary>{`${response.status} · ${response.headers.length} headers`}</summary>
        <table><tbody>{response.headers.map(([name, value], i) => <tr key={i}><th scope="row">{name}</th><td>{value}</td></tr>)}</tbody></table>
      </details>
      <Body response={response} />
    </>
  );
}

function Logs({ envelope }) {
  if (envelope.logs.length === 0) return <p class="quiet">Nothing was logged.</p>;
  const begin = envelope.logs[0].timestamp;
  return (
    <ol class="logs">
      {envelope.logs.map((log, i) => (
        <li key={i} class={log.level}>
          <span class="quiet">{`+${log.timestamp - begin} ms`}</span> <span class="level">{log.level}</span> <span class="text">{log.message}</span>
        </li>
      ))}
    </ol>
  );
}

// "at main.ts:3:5": a button for each place in the module that was sent.
function Exception({ exception, onPlace }) {
  return (
    <li>
      <p class="what"><strong>{exception.name}</strong>: {exception.message}</p>
      {exception.line > 0 && <button onClick={() => onPlace(exception.line, exception.column)}>{`${exception.module ?? "main"}:${exception.line}:${exception.column}`}</button>}
      {exception.stack && <pre tabIndex={0}>{exception.stack}</pre>}
    </li>
  );
}

function Exceptions({ envelope, onPlace }) {
  if (envelope.exceptions.length === 0 && !envelope.error) return <p class="quiet">None.</p>;
  return (
    <>
      {envelope.error && <p class="what"><code>{envelope.error.code}</code> {envelope.error.message}</p>}
      <ol class="exceptions">{envelope.exceptions.map((one, i) => <Exception key={i} exception={one} onPlace={onPlace} />)}</ol>
    </>
  );
}

function Chips({ envelope, tookMs }) {
  const { usage } = envelope;
  return (
    <p class="chips">
      <span class={`chip ${envelope.outcome === "ok" ? "good" : "bad"}`}>{envelope.outcome}</span>
      {envelope.response && <span class="chip">{envelope.response.status}</span>}
      <span class="chip" title="CPU time of the run">{msText(usage.cpuMs)} CPU</span>
      <span class="chip" title="From its start to its end">{msText(usage.wallMs)} wall</span>
      <span class="chip" title="Heap, ArrayBuffers and WebAssembly at their highest">{bytesText(usage.memoryPeakBytes)}</span>
      {tookMs !== undefined && <span class="chip" title="As this page saw it, network included">{msText(tookMs)} here</span>}
      <code class="quiet id">{envelope.id}</code>
    </p>
  );
}

function Refusal({ error }) {
  const faults = Array.isArray(error.problem?.errors) ? error.problem.errors : [];
  return (
    <div role="alert" class="refusal">
      <p class="chips"><span class="chip bad">{error.status === undefined ? "not sent" : `refused, ${error.status}`}</span>{error.code && error.code !== "http" && <code>{error.code}</code>}</p>
      <p>{error.message}</p>
      {error.problem?.param && <p><code>{error.problem.param}</code></p>}
      {faults.length > 0 && <ul>{faults.map((fault, i) => <li key={i}><code>{fault.param}</code> {fault.detail}</li>)}</ul>}
      {error.status === 401 && <p class="quiet">The daemon wants an access token: put it in the field at the top.</p>}
      {error.status === 403 && <p class="quiet">This token may not do that.</p>}
    </div>
  );
}

export function Outcome({ result, onPlace }) {
  const [tab, setTab] = useState("response");
  const envelope = result?.envelope;
  useEffect(() => {
    if (envelope) setTab(envelope.response === null || envelope.outcome !== "ok" ? "exceptions" : "response");
  }, [envelope]);
  if (result === null) return <p class="empty quiet">Run it, and what comes back is here.</p>;
  if (result.isRunning) return <p class="empty quiet" role="status">Running</p>;
  if (result.error) return <Refusal error={result.error} />;
  const tabs = [["response", "Response"], ["logs", `Logs ${envelope.logs.length}`], ["exceptions", `Errors ${envelope.exceptions.length}`], ["timing", "Timing"]];
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = (tabs.findIndex(([name]) => name === tab) + step + tabs.length) % tabs.length;
    setTab(tabs[at][0]);
    event.currentTarget.querySelectorAll("[role=tab]")[at].focus();
  };
  return (
    <>
      <Chips envelope={envelope} tookMs={result.tookMs} />
      <div role="tablist" aria-label="What came back" class="tabs" onKeyDown={move}>
        {tabs.map(([name, text]) => <button key={name} role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls="outcome-panel" tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)}>{text}</button>)}
      </div>
      <div role="tabpanel" id="outcome-panel" aria-labelledby={`tab-${tab}`} class="panel">
        {tab === "response" && <Response response={envelope.response} />}
        {tab === "logs" && <Logs envelope={envelope} />}
        {tab === "exceptions" && <Exceptions envelope={envelope} onPlace={onPlace} />}
        {tab === "timing" && <Waterfall run={envelope} />}
      </div>
    </>
  );
}
