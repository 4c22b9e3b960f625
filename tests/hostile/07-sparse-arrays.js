// {"case": 7, "outcome": ["ok", "exceededMemory", "exceededCpu", "exception"], "limits": {"cpuMs": 5000, "memoryMb": 64}}
// Holes are cheap until something walks or fills them.
export default {
  fetch() {
    const tries = [
      () => { const a = []; a[2 ** 32 - 2] = 1; return a.indexOf(2); }, () => { const a = []; a[1e8] = 1; return a.concat(a, a).reverse().length; },
      () => { const a = new Array(2 ** 32 - 1); return JSON.stringify(a).length; }, () => { const a = []; a.length = 2 ** 32 - 1; return a.sort().join().length; },
      () => { const a = []; for (let i = 0; i < 2e6; i++) a[i * 2000] = i; return a.length; }, () => [...new Array(1e8)].length,
      () => Array.from({ length: 2 ** 32 - 1 }).length, () => structuredClone(Object.assign([], { 4294967294: 1 })).length,
    ];
    let n = 0;
    for (const f of tries) { try { f(); } catch { n++; } }
    return new Response(`${n} refused`);
  },
};
