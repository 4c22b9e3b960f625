const name = "UNIQUE";
export default { fetch: () => fetch("http://127.0.0.1:PORT/PATH", { headers: { "x-name": name } }) };
