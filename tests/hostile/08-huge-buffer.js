// {"case": 8, "outcome": "ok", "body": "RangeError RangeError", "limits": {"memoryMb": 64}}
const kind = (f) => { try { f(); return "none"; } catch (e) { return e.name; } };
export default { fetch() { return new Response(kind(() => new ArrayBuffer(2 ** 33)) + " " + kind(() => new Uint8Array(1e9))); } };
