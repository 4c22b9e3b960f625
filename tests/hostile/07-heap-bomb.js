// {"case": 7, "outcome": "exceededMemory", "limits": {"cpuMs": 10000, "memoryMb": 64}}
export default { fetch() { const all = []; for (;;) all.push(new Array(1000).fill({})); } };
