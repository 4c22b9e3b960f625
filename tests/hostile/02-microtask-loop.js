// {"case": 2, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
export default { fetch() { const again = () => queueMicrotask(again); again(); return new Promise(() => {}); } };
