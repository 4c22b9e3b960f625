// api: what the page asks the daemon. The token is kept for this tab only, and goes nowhere but into the Authorization header.

const KEY = "mayfly.token";
const listeners = new Set();

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set(value) {
    if (value === "") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
    for (const listener of listeners) listener();
  },
  onChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

// What the daemon refused, as it says it.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? "http";
    this.problem = problem;
  }
}

function headers(more = {}) {
  const held = token.get();
  return held === "" ? more : { ...more, authorization: `Bearer ${held}` };
}

async function checked(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, typeof problem === "object" && problem !== null ? problem : {});
}

export async function get(path, options = {}) {
  return (await checked(await fetch(path, { ...options, headers: headers({ accept: "application/json" }), cache: "no-store" }))).json();
}

export async function text(path) {
  return (await checked(await fetch(path, { headers: headers(), cache: "no-store" }))).text();
}

export async function post(path, body, options = {}) {
  const response = await fetch(path, { method: "POST", body: JSON.stringify(body), headers: headers({ "content-type": "application/json", accept: "application/json" }), ...options });
  return (await checked(response)).json();
}

// Server-sent events, by fetch: EventSource cannot send a token. Calls on({event, data}) until the signal ends it; comes back after a break.
export async function follow(path, on, state, signal) {
  for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 10_000)) {
    try {
      const response = await checked(await fetch(path, { headers: headers({ accept: "text/event-stream" }), signal, cache: "no-store" }));
      state("live");
      wait = 500;
      await readEvents(response.body, on);
      state("waiting");
    } catch (error) {
      if (signal.aborted) return;
      state(error instanceof Refused ? error : "waiting");
      if (error instanceof Refused && error.status < 500) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function readEvents(body, on) {
  const decoder = new TextDecoder();
  let rest = "";
  for (const reader = body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const fields = { event: "message", data: "" };
      for (const line of rest.slice(0, end).split("\n")) {
        const colon = line.indexOf(":");
        if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
      }
      rest = rest.slice(end + 2);
      if (fields.data !== "") on({ event: fields.event, data: JSON.parse(fields.data) });
    }
  }
}
