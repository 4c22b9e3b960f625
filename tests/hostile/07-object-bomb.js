// {"case": 7, "outcome": ["exceededMemory", "exception"], "limits": {"cpuMs": 10000, "memoryMb": 64}}
export default { fetch() { const o = {}; for (let i = 0; ; i++) o["k" + i] = i; } };
