// git-server.mjs - git's own smart HTTP server (git http-backend) over TLS on loopback, which wants a password.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { httpsServer } from "./upstream.mjs";

export class GitServer {
  // |credential|: {username, password}. |repository|: the name of the bare one that is there at first.
  static async start(ca, credential, repository = "project.git") {
    const server = new GitServer();
    server.dir = mkdtempSync(path.join(tmpdir(), "mayfly-git-"));
    server.repository = path.join(server.dir, repository);
    server.requests = [];
    server.git("init", "--quiet", "--bare", "--initial-branch=main", server.repository);
    server.git("-C", server.repository, "config", "http.receivepack", "true");
    const expected = `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString("base64")}`;
    const https = await httpsServer(ca, (request, response, body) => {
      server.requests.push({ method: request.method, url: request.url, authorization: request.headers.authorization });
      if (request.headers.authorization !== expected) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="git"' });
        response.end("no");
        return;
      }
      server.#serve(request, response, body);
    }, { version: 1 });
    server.url = `${https.url}/${repository}`;
    return server;
  }

  git(...args) { return execFileSync("git", args, { encoding: "utf8", env: { PATH: process.env.PATH, HOME: this.dir, GIT_CONFIG_NOSYSTEM: "1" } }); }
  // Of the bare repository.
  inside(...args) { return this.git("-C", this.repository, ...args).trim(); }
  stop() { rmSync(this.dir, { recursive: true, force: true }); }

  // CGI, as RFC 3875 has it.
  #serve(request, response, body) {
    const { pathname, search } = new URL(request.url, "https://localhost");
    const child = spawn("git", ["http-backend"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        PATH: process.env.PATH, HOME: this.dir, GIT_CONFIG_NOSYSTEM: "1", GIT_PROJECT_ROOT: this.dir, GIT_HTTP_EXPORT_ALL: "1", PATH_INFO: pathname, QUERY_STRING: search.slice(1), REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "", CONTENT_LENGTH: String(body.length), REMOTE_USER: "tester", ...(request.headers["git-protocol"] ? { GIT_PROTOCOL: request.headers["git-protocol"] } : {}),
      },
    });
    const parts = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.on("close", () => {
      const all = Buffer.concat(parts);
      const end = all.indexOf("\r\n\r\n");
      const headers = Object.fromEntries(all.subarray(0, end).toString("latin1").split("\r\n").map((line) => line.split(/:\s*/, 2)).map(([name, value]) => [name.toLowerCase(), value]));
      response.writeHead(Number.parseInt(headers.status ?? "200", 10), { "content-type": headers["content-type"] ?? "text/plain" });
      response.end(all.subarray(end + 4));
    });
    child.stdin.on("error", () => {}); // One that has heard enough.
    child.stdin.end(body);
  }
}
