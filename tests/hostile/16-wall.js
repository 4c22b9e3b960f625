// {"case": 16, "outcome": "exceededWallTime", "limits": {"wallMs": 300}, "wallWithin": 3000}
export default { fetch() { return new Promise(() => setInterval(() => {}, 10)); } };
