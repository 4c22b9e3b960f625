// {"case": 28, "outcome": ["exceededCpu", "ok", "exceededMemory", "exception"], "limits": {"cpuMs": 500, "memoryMb": 64}}
const registry = new FinalizationRegistry(() => { for (;;); });
export default { async fetch() { for (let i = 0; i < 1e6; i++) { registry.register({ i }, i); if (i % 1e4 === 0) await new Promise((r) => setTimeout(r, 0)); } return new Response("done"); } };
