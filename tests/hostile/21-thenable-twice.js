// {"case": 21, "outcome": "ok", "body": "first"}
export default { fetch() { return { then(resolve, reject) { resolve(new Response("first")); reject(new Error("second")); resolve(new Response("third")); } }; } };
