// {"case": 11, "outcome": ["ok", "exception"], "limits": {"cpuMs": 5000}}
// Deep values through every host API that walks one.
let deep = {};
for (let i = 0; i < 2e5; i++) deep = { deep };
let proxy = function () {};
for (let i = 0; i < 1e5; i++) proxy = new Proxy(proxy, {});
const tries = [
  () => console.log(deep), () => console.log(proxy), () => structuredClone(deep), () => structuredClone([proxy]),
  () => JSON.parse("[".repeat(1e6)), () => new Response(proxy), () => new Headers(proxy), () => new Request("http://a/", proxy),
  () => new URLSearchParams(proxy), () => new Blob(proxy), () => proxy(), () => new proxy(), () => new RegExp("(".repeat(1e5) + ")".repeat(1e5)),
  () => { let e = new Error("x"); for (let i = 0; i < 1e5; i++) e = new Error("x", { cause: e }); console.log(e); },
];
export default { fetch() { let n = 0; for (const f of tries) { try { f(); } catch { n++; } } return new Response(`${tries.length}`); } };
