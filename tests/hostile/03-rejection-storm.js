// {"case": 3, "outcome": ["exceededCpu", "exceededMemory"], "limits": {"cpuMs": 400, "memoryMb": 64}}
export default { fetch() { const again = () => { Promise.reject(new Error("x")); queueMicrotask(again); }; again(); return new Promise(() => {}); } };
