// main: the frame of the page: what can be seen, who calls, light or dark.
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { get, token } from "./api.js";
import { Try } from "./try.jsx";
import { Watch } from "./watch.jsx";

const THEME = "mayfly.theme";
const THEMES = { "": "As the system", light: "Light", dark: "Dark" };

function useTheme() {
  const [theme, setTheme] = useState(localStorage.getItem(THEME) ?? "");
  useLayoutEffect(() => { // Before anything is painted: no flash of the other theme.
    if (theme === "") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", theme);
    localStorage.setItem(THEME, theme);
  }, [theme]);
  return [theme, setTheme];
}

// What the daemon says of itself; null while nothing was heard.
function useHealth() {
  const [health, setHealth] = useState(null);
  useEffect(() => {
    let isOver = false;
    const look = () => get("/healthz").then((one) => !isOver && setHealth(one), () => !isOver && setHealth(undefined));
    look();
    const timer = setInterval(look, 5000);
    const forget = token.onChange(look);
    return () => { isOver = true; clearInterval(timer); forget(); };
  }, []);
  return health;
}

function TokenField() {
  const [value, setValue] = useState(token.get());
  const [who, setWho] = useState(null);
  const ask = (held) => {
    if (held === "") return setWho(null);
    get("/v1/tokens/self").then((self) => setWho(`${self.tenant ?? "operator"}: ${(self.scopes ?? []).join(", ")}`), (error) => setWho(error.message));
  };
  useEffect(() => ask(token.get()), []);
  const keep = (event) => {
    event.preventDefault();
    token.set(value.trim());
    ask(value.trim());
  };
  return (
    <form class="token" onSubmit={keep}>
      <label for="token">Token</label>
      <input id="token" type="password" autocomplete="off" spellcheck={false} value={value} onInput={(event) => setValue(event.currentTarget.value)} placeholder="none" aria-describedby="token-who" />
      <button type="submit">Use</button>
      <span id="token-who" class="quiet" role="status">{who}</span>
    </form>
  );
}

function State({ health }) {
  if (health === null) return <span class="chip">…</span>;
  if (health === undefined) return <span class="chip bad">daemon not reached</span>;
  /* Strangers are told a status and a version only. */
  const title = health.v8 && `V8 ${health.v8}, ${health.jail.layers.length} layers of the jail`;
  return <span class={`chip ${health.status === "ok" ? "good" : "bad"}`} title={title}>{health.status} · {health.version}{health.v8 && ` · V8 ${health.v8.split("-")[0]}`}</span>;
}

function Page() {
  const [view, setView] = useState(location.hash.startsWith("#watch") ? "watch" : "try");
  const [theme, setTheme] = useTheme();
  const health = useHealth();
  const go = (to) => {
    setView(to);
    if (to === "watch" || location.hash.startsWith("#watch")) history.replaceState(null, "", to === "watch" ? "#watch" : location.pathname);
  };
  return (
    <>
      <header>
        <h1>Mayfly</h1>
        <nav aria-label="Views">
          {[["try", "Try"], ["watch", "Watch"]].map(([name, text]) => <button key={name} aria-current={view === name ? "page" : undefined} onClick={() => go(name)}>{text}</button>)}
        </nav>
        <State health={health} />
        <span class="grow" />
        <TokenField />
        <label class="theme">Theme{" "}
          <select value={theme} onChange={(event) => setTheme(event.currentTarget.value)}>
            {Object.entries(THEMES).map(([name, text]) => <option key={name} value={name}>{text}</option>)}
          </select>
        </label>
      </header>
      <main>
        <div hidden={view !== "try"}><Try /></div>
        {view === "watch" && <Watch health={health} />}
      </main>
    </>
  );
}

const root = document.getElementById("page");
root.replaceChildren();
render(<Page />, root);
