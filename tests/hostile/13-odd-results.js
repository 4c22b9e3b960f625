// {"case": 13, "outcome": "exception", "url": "http://worker.local/"}
const cycle = {}; cycle.cycle = cycle;
const values = [undefined, null, 1n, Symbol("s"), () => {}, cycle, "text", 5, [], new Proxy({}, {}), Promise.resolve(3), globalThis];
export default { async fetch() { for (const value of values) { try { structuredClone(value); } catch (e) { if (e?.name !== "DataCloneError") return new Response(`wrong ${e}`); } } return cycle; } };
