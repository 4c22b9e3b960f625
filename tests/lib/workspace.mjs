// workspace.mjs - a workspace of a test's daemon, with the calls that its tests make.
import { assert } from "./mayfly.mjs";

const json = { "content-type": "application/json" };

// "/a b/ü" as it stands in a URL. What fetch would tidy up ("..") is sent with http.request where a test needs it.
export const encode = (path) => path.split("/").map(encodeURIComponent).join("/");

export class Workspace {
  constructor(url, name) {
    this.name = name;
    this.at = `${url}/v1/workspaces/${name}`;
  }

  static async make(url, name, quota) {
    const workspace = new Workspace(url, name);
    const response = await fetch(workspace.at, { method: "PUT", headers: json, body: JSON.stringify(quota ? { quota } : {}) });
    assert.equal(response.status, 201, await response.text());
    return workspace;
  }

  file(path, init = {}) { return fetch(`${this.at}/files${encode(path)}${init.query ?? ""}`, init); }
  put(path, body, init = {}) { return this.file(path, { method: "PUT", body, ...init }); }
  async read(path, init) {
    const response = await this.file(path, init);
    assert.equal(response.status, 200, `${path}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
  async text(path, init) { return (await this.read(path, init)).toString(); }
  // A batch: its results, or the problem.
  async ops(...ops) {
    const response = await fetch(`${this.at}/ops`, { method: "POST", headers: json, body: JSON.stringify({ ops }) });
    return { status: response.status, ...(await response.json()) };
  }
  async done(...ops) {
    const answer = await this.ops(...ops);
    assert.equal(answer.status, 200, JSON.stringify(answer));
    return answer;
  }
  edit(path, edits, init = {}) { return this.file(path, { method: "PATCH", body: JSON.stringify({ edits }), ...init, headers: { ...json, ...init.headers } }); }
  async get(rest = "") {
    const response = await fetch(this.at + rest);
    const body = await response.json();
    assert.equal(response.status, 200, `${rest}: ${JSON.stringify(body)}`);
    return body;
  }
  // All pages of a list.
  async all(rest, member) {
    const found = [];
    for (let next; ;) {
      const page = await this.get(`${rest}${rest.includes("?") ? "&" : "?"}${next === undefined ? "" : `after=${encodeURIComponent(next)}`}`);
      found.push(...page[member]);
      if (page.next === null) return found;
      next = page.next;
    }
  }
}

// What a call has besides its code to have |workspaces|.
export const mounted = (workspaces) => ({ fields: { workspaces } });

export async function refused(response, status, code) {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.code], [status, code], JSON.stringify(problem));
  return problem;
}
