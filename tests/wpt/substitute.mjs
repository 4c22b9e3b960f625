// substitute.mjs - {{host}} and its like in files that have .sub in their names, and the addresses that they become.
//
// https://web-platform-tests.org/writing-tests/server-features.html#tests-involving-multiple-origins
import { randomUUID } from "node:crypto";

export const HOST = "web-platform.test";
export const OTHER_HOST = "not-web-platform.test";
export const PORTS = { http: [8000, 8001], https: [8443, 8444], h2: [9000], ws: [8666, 8667], wss: [8668, 8669] };

const LABELS = { "": "", www: "www.", www1: "www1.", www2: "www2.", "天気の良い日": "xn--n8j6ds53lwwkrqhv28a.", "élève": "xn--lve-6lad." };

// The origin that a test's file is at.
export function originOf(file) {
  if (/\.h2\./.test(file)) return `https://${HOST}:${PORTS.h2[0]}`;
  return /\.https\./.test(file) ? `https://${HOST}:${PORTS.https[0]}` : `http://${HOST}:${PORTS.http[0]}`;
}

// |request|: what the server got, or null for a script that nobody asked for.
export function substitute(text, request) {
  return text.replace(/\{\{([^{}]+)\}\}/g, (whole, key) => {
    const [, name, args] = /^\s*(?:\$\w+:)?(\w+)(.*?)\s*$/.exec(key) ?? [];
    const [first, second] = [...(args ?? "").matchAll(/\[([^\]]*)\]/g)].map(([, arg]) => arg);
    switch (name) {
      case "host": return HOST;
      case "domains": return `${LABELS[first] ?? `${first}.`}${HOST}`;
      case "hosts": return `${LABELS[second] ?? `${second}.`}${first === "alt" ? OTHER_HOST : HOST}`;
      case "ports": return `${PORTS[first]?.[Number(second)] ?? whole}`;
      case "uuid": return randomUUID();
      case "GET": return request?.first(first, whole) ?? whole;
      case "headers": return request?.header(first, whole) ?? whole;
      default: return whole;
    }
  });
}
