// {"case": 46, "outcome": ["ok", "exception"], "type": "typescript", "limits": {"cpuMs": 10000}}
export const source = () => `type Deep = ${"Array<".repeat(20000)}string${">".repeat(20000)};\nexport default { fetch(): Response { return new Response("ok"); } };`;
