// {"case": 18, "outcome": "ok", "body": "done", "logsDropped": true, "limits": {"cpuMs": 20000}}
export default { fetch() { for (let i = 0; i < 1e5; i++) console.log("line", i); return new Response("done"); } };
