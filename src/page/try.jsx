// try: code, the request that it gets, and what became of it.
import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "./api.js";
import { openEditor } from "./editor.js";
import { EXAMPLES } from "./examples.js";
import { Outcome } from "./outcome.jsx";

const DATE = "2026-09-01";

// The draft in the address: what a link holds, and what a reload finds again.
function toFragment(draft) {
  const bytes = new TextEncoder().encode(JSON.stringify(draft));
  return `#try=${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

function ofFragment(hash) {
  try {
    const bytes = Uint8Array.from(atob(hash.slice("#try=".length).replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const draft = JSON.parse(new TextDecoder().decode(bytes));
    const texts = Object.keys(empty()).every((key) => draft[key] === undefined || typeof draft[key] === "string");
    return texts && typeof draft.code === "string" ? { ...empty(), ...draft } : null;
  } catch {
    return null;
  }
}

const empty = () => ({ code: "", language: "typescript", method: "GET", url: "https://example.com/", headers: "", body: "", env: "", limits: "", outbound: "" });
const draftOf = ({ name, ...example }) => ({ ...empty(), ...example });

function jsonOf(text, what) {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what}: ${error.message}`);
  }
}

// The body of POST /v1/run. Throws a sentence when a field is not what it must be.
export function callOf(draft) {
  const name = draft.language === "typescript" ? "main.ts" : "main.js";
  const headers = draft.headers.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`Headers: "${line}" has no colon`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const limits = jsonOf(draft.limits, "Limits");
  const env = jsonOf(draft.env, "Env");
  return {
    code: {
      compatibilityDate: DATE, mainModule: name, modules: { [name]: { [draft.language === "typescript" ? "ts" : "js"]: draft.code } },
      ...(env === undefined ? {} : { env }), ...(draft.outbound.trim() === "" ? {} : { globalOutbound: draft.outbound.trim() }),
    },
    request: { method: draft.method, url: draft.url, headers, ...(draft.body === "" ? {} : { body: draft.body }) },
    ...(limits === undefined ? {} : { limits }),
  };
}

export function curlOf(draft) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return `curl ${location.origin}/v1/run -H 'content-type: application/json' -d ${quoted(JSON.stringify(callOf(draft)))}`;
}

function Field({ name, label, value, onInput, rows, placeholder }) {
  const id = `field-${name}`;
  const shared = { id, value, placeholder, spellcheck: false, onInput: (event) => onInput({ [name]: event.currentTarget.value }) };
  return (
    <p class="field">
      <label for={id}>{label}</label>
      {rows === undefined ? <input {...shared} /> : <textarea {...shared} rows={rows} />}
    </p>
  );
}

export function Try() {
  const [draft, setDraft] = useState(() => ofFragment(location.hash) ?? draftOf(EXAMPLES[0]));
  const [result, setResult] = useState(null);
  const [said, setSaid] = useState("");
  const host = useRef(null);
  const editor = useRef(null);
  const now = useRef(draft);
  const running = useRef(null);
  now.current = draft;
  const change = (part) => setDraft((before) => ({ ...before, ...part }));

  const run = async () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    setResult({ isRunning: true });
    try {
      const begin = performance.now();
      const envelope = await post("/v1/run", callOf(now.current), { signal: abort.signal });
      setResult({ envelope, tookMs: performance.now() - begin });
    } catch (error) {
      if (!abort.signal.aborted || running.current === abort) setResult(abort.signal.aborted ? null : { error });
    }
  };
  useEffect(() => {
    editor.current = openEditor(host.current, { text: draft.code, language: draft.language, label: "Code", onRun: run, onChange: (code) => change({ code }) });
    return () => editor.current.destroy();
  }, []);
  useEffect(() => editor.current?.setLanguage(draft.language), [draft.language]);

  const choose = (event) => {
    const example = EXAMPLES.find(({ name }) => name === event.currentTarget.value);
    if (example === undefined) return;
    setDraft(draftOf(example));
    editor.current.setText(example.code);
    setResult(null);
  };
  const copy = async (what, make) => {
    try {
      await navigator.clipboard.writeText(make());
      setSaid(`${what} copied`);
    } catch (error) {
      setSaid(error.message);
    }
    setTimeout(() => setSaid(""), 3000);
  };
  const link = () => {
    history.replaceState(null, "", toFragment(now.current));
    return location.href;
  };

  return (
    <div class="try">
      <section aria-label="Code and request" class="pane">
        <div class="bar">
          <select aria-label="Example" onChange={choose}>
            <option value="">Examples</option>
            {EXAMPLES.map(({ name }) => <option key={name}>{name}</option>)}
          </select>
          <select aria-label="Language" value={draft.language} onChange={(event) => change({ language: event.currentTarget.value })}>
            <option value="typescript">TypeScript</option>
            <option value="javascript">JavaScript</option>
          </select>
          <span class="grow" />
          <span class="quiet" role="status">{said}</span>
          <button onClick={() => copy("curl line", () => curlOf(now.current))}>Copy curl</button>
          <button onClick={() => copy("Link", link)}>Copy link</button>
          {result?.isRunning
            ? <button class="run" onClick={() => running.current.abort()}>Stop</button>
            : <button class="run" onClick={run} title="Ctrl or Cmd and Enter">Run</button>}
        </div>
        <div class="editor" ref={host} />
        <details>
          <summary>Request, env and limits</summary>
          <div class="fields">
            <p class="field narrow">
              <label for="field-method">Method</label>
              <select id="field-method" value={draft.method} onChange={(event) => change({ method: event.currentTarget.value })}>
                {["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((one) => <option key={one}>{one}</option>)}
              </select>
            </p>
            <Field name="url" label="URL" value={draft.url} onInput={change} />
            <Field name="headers" label="Headers" value={draft.headers} onInput={change} rows={2} placeholder="accept: text/plain" />
            <Field name="body" label="Body" value={draft.body} onInput={change} rows={2} />
            <Field name="env" label="Env (JSON)" value={draft.env} onInput={change} rows={2} placeholder='{ "NAME": "value" }' />
            <Field name="limits" label="Limits (JSON)" value={draft.limits} onInput={change} rows={2} placeholder='{ "cpuMs": 50, "memoryMb": 64 }' />
            <Field name="outbound" label="Outbound" value={draft.outbound} onInput={change} placeholder="the operator's default" />
          </div>
        </details>
      </section>
      <section aria-label="Result" aria-live="polite" class="pane"><Outcome result={result} onPlace={(line, column) => editor.current.goTo(line, column)} /></section>
    </div>
  );
}
