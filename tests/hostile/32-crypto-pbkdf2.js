// {"case": 32, "outcome": "exceededCpu", "limits": {"cpuMs": 150}, "cpuWithin": 1.3, "cpuCounted": 140}
// A derivation that would take many seconds of native code ends with the run's CPU limit.
export default {
  async fetch() {
    const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
    const refused = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations: 1e9 }, key, 256).catch((e) => e.name);
    if (refused !== "NotSupportedError") return new Response("a billion iterations were not refused");
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 1e7 }, key, 65536 * 8);
    console.log("script ran on");
    return new Response("derived");
  },
};
