// {"case": 8, "outcome": ["exceededMemory", "exception"], "limits": {"memoryMb": 64, "cpuMs": 5000}}
export default { fetch() { const all = []; for (let i = 0; i < 1000; i++) all.push(new Uint8Array(1e7).fill(1)); return new Response("kept"); } };
