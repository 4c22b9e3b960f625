// {"case": 29, "outcome": "ok", "body": "done", "limits": {"cpuMs": 10000}}
addEventListener("unhandledrejection", () => { throw new Error("in the handler"); });
globalThis.onunhandledrejection = () => { Promise.reject(new Error("again")); };
addEventListener("error", () => { throw new Error("in the error handler"); });
export default { async fetch() { for (let i = 0; i < 1000; i++) Promise.reject(i); await new Promise((r) => setTimeout(r, 5)); return new Response("done"); } };
