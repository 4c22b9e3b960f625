// {"case": 5, "outcome": ["exceededMemory", "exception"], "limits": {"cpuMs": 5000, "memoryMb": 64}}
export default { fetch() { let s = "x"; for (;;) { s = s + s; s.charCodeAt(s.length / 2); /x$/.test(s); } } };
