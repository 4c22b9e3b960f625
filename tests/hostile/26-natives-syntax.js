// {"case": 26, "outcome": "exception", "code": "script.syntax|script.startup"}
export default { fetch() { return new Response(String(%DebugPrint(1))); } };
