// {"case": 16, "outcome": "exception", "error": "hung|never", "wallWithin": 15000}
await new Promise(() => {});
export default { fetch() { return new Response("never"); } };
