// {"case": 7, "outcome": ["exceededMemory", "exception"], "limits": {"cpuMs": 10000, "memoryMb": 64}}
export default { fetch() { return new Response(String(Array(2e8).fill(0).map((x) => ({ x })).length)); } };
