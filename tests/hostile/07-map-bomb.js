// {"case": 7, "outcome": ["exceededMemory", "exception"], "limits": {"cpuMs": 10000, "memoryMb": 64}}
export default { fetch() { const map = new Map(); for (let i = 0; ; i++) map.set(i, { i }); } };
