// graph.mjs - what the knowledge graph of the example holds: a company's services, who owns them, what depends on what. Always the same.

const AREAS = ["orders", "billing", "catalog", "search", "shipping", "identity", "media", "reports"];
const PARTS = ["api", "worker", "cache", "gateway", "sync"];
const PEOPLE = ["Ada", "Bela", "Chike", "Dara", "Emil", "Fatou", "Goran", "Hana", "Ines", "Jun"];

// A sequence that looks random and is not (Numerical Recipes' generator).
function sequence(seed) {
  return (below) => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor((seed / 2 ** 32) * below); };
}

// Lines of @modelcontextprotocol/server-memory's file.
export function graphLines() {
  const random = sequence(7);
  const databases = AREAS.map((area) => `${area}-db`);
  const services = AREAS.flatMap((area) => PARTS.map((part) => `${area}-${part}`));
  const entity = (name, entityType, observations) => ({ type: "entity", name, entityType, observations });
  const relation = (from, to, relationType) => ({ type: "relation", from, to, relationType });
  const lines = PEOPLE.map((name) => entity(name, "person", [`On call in week ${1 + random(52)}`, `Reached at ${name.toLowerCase()}@example.com`]));
  for (const name of databases) lines.push(entity(name, "database", ["PostgreSQL 17, two replicas", `Backed up at 0${random(6)}:30`]));
  for (const name of services) lines.push(entity(name, "service", [`Runs ${2 + random(9)} instances in three zones`, `Answers within ${20 + random(300)} ms at the 99th percentile`, `Deployed from the repository ${name}, by pipeline ${100 + random(900)}`]));
  services.forEach((name, i) => {
    lines.push(relation(PEOPLE[random(PEOPLE.length)], name, "owns"));
    const [area, part] = name.split("-");
    if (part === "api") lines.push(relation(name, `${area}-db`, "depends_on"));
    else lines.push(relation(name, `${area}-${PARTS[random(PARTS.indexOf(part))]}`, "depends_on"));
    if (i > 5 && random(3) === 0) lines.push(relation(name, services[random(i)], "depends_on"));
  });
  return lines.map((line) => JSON.stringify(line));
}
