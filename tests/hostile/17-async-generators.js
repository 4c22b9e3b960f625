// {"case": 17, "outcome": "ok", "body": "200000"}
export default { fetch() { let n = 0; async function* generate() { try { yield 1; await new Promise(() => {}); } finally { n--; } } const all = []; for (; n < 2e5; n++) { const g = generate(); g.next(); all.push(g); } return new Response(String(n)); } };
