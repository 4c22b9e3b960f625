// {"case": 16, "outcome": "exceededWallTime", "limits": {"wallMs": 300}, "wallWithin": 15000}
export default { fetch() { return new Promise(() => setInterval(() => {}, 10)); } };
