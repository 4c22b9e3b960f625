// manual.test.mjs - man pages and shell completions say what the programs say, and nothing else.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { assert, binDir } from "../lib/mayfly.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(path.join(root, file), "utf8");
const run = (command, ...args) => {
  const end = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  if (end.error) throw end.error;
  assert.equal(end.status, 0, `${command}: ${end.stderr}${end.stdout}`);
  return end.stdout;
};
const set = (found) => [...new Set([...found].map((one) => one[1]))].sort();

// What the parsers of the programs take: the tables and comparisons of the sources, --help among them.
const parsed = {
  mayflyd: set(read("src/daemon/main.c").matchAll(/\{"([a-z-]+)", (?:required|no)_argument/g)),
  "mayfly-fs": set(read("src/cli/fs.c").matchAll(/\{?"--([a-z-]+)", (?:MF_CLI_FS_|&daemon)/g)),
  mayfly: set((read("src/cli/options.c").match(/strcmp\((?:name|text), "--[a-z-]+"\)/g) ?? []).join("\n").matchAll(/"--([a-z-]+)"/g)),
};
const helped = (program) => run(path.join(binDir, program), "--help");
const pages = { mayflyd: "packaging/man/mayflyd.8", mayfly: "packaging/man/mayfly.1", "mayfly-fs": "packaging/man/mayfly-fs.1" };

// The config's man page as the build makes it.
function configPage() {
  const dir = mkdtempSync(path.join(tmpdir(), "mayfly-man-"));
  const file = path.join(dir, "mayfly.json.5");
  writeFileSync(file, run("node", path.join(root, "packaging/man/config.mjs"), path.join(root, "docs/config.md")));
  return { file, done: () => rmSync(dir, { recursive: true }) };
}

test("the man pages are sound mdoc", () => {
  const { file, done } = configPage();
  run("mandoc", "-T", "lint", "-W", "warning", ...Object.values(pages).map((page) => path.join(root, page)), file);
  done();
});

for (const program of ["mayflyd", "mayfly"]) {
  test(`every option of ${program}, and no other, is in its help and in its man page`, () => {
    assert.ok(parsed[program].length >= 6);
    const items = read(pages[program]).split("\n").filter((line) => line.startsWith(".It Fl Fl "));
    assert.deepEqual(set(items.map((line) => /^\.It Fl Fl ([a-z-]+)/.exec(line))), parsed[program]);
    const help = set(helped(program).matchAll(/--([a-z][a-z-]*)/g));
    assert.deepEqual(help.filter((one) => one !== "help"), parsed[program].filter((one) => one !== "help"));
  });
}

const commands = () => [...set(read("src/cli/options.c").matchAll(/\{"([a-z]+)", (?:"[a-z]+", )?MF_CLI_/g)), "fs"].sort();
const fileCommands = () => set(read("src/cli/fs.c").matchAll(/\{"([a-z]+)", (?:MF_CLI_FS_\w+[ |]*|0)+, \d/g));
const subcommands = (of) => set(read("src/cli/options.c").matchAll(new RegExp(`\\{"${of}", "([a-z]+)", MF_CLI_`, "g")));

test("every command is in the man page", () => {
  const page = read(pages.mayfly);
  for (const command of commands()) assert.match(page, new RegExp(`^\\.Cm ${command}\\b`, "m"), command);
  for (const group of ["secret", "outbound", "token", "tenant", "runs"]) for (const sub of subcommands(group)) assert.match(page, new RegExp(`^\\.Cm ${group} ${sub}\\b`, "m"), `${group} ${sub}`);
});

test("every command and option of mayfly fs is in its help and in its man page", () => {
  const page = read(pages["mayfly-fs"]);
  const help = run(path.join(binDir, "mayfly"), "fs", "--help");
  assert.ok(fileCommands().length === 16 && parsed["mayfly-fs"].length === 11, `${fileCommands()} ${parsed["mayfly-fs"]}`);
  for (const command of fileCommands()) {
    assert.match(page, new RegExp(`^\\.Cm ${command}\\b`, "m"), command);
    assert.match(help, new RegExp(`\\b${command} `), command);
  }
  for (const option of parsed["mayfly-fs"]) assert.match(page, new RegExp(`^\\.It .*Fl Fl ${option}\\b`, "m"), option);
});

test("every field of the config, with default and bounds, is in mayfly.json(5)", () => {
  const { file, done } = configPage();
  const items = readFileSync(file, "utf8").replaceAll("\\-", "-").replaceAll("\\e", "\\").split('\n.It Va "').slice(1);
  done();
  const rows = [...read("docs/config.md").matchAll(/^\| `([^`]+)` \| ([^|]*) \| (.*?) \|([^|]*)\|/gm)]; // tests/unit/config_docs.c holds them against the program.
  assert.ok(rows.length > 50);
  assert.deepEqual(items.map((item) => item.slice(0, item.indexOf('"'))), rows.map(([, name]) => name));
  for (const [i, [, name, unit, standard, range]] of rows.entries()) {
    const end = `(${[unit, range.trim(), `default: ${standard.replaceAll("`", "")}`].filter(Boolean).join("; ")})`;
    assert.ok(items[i].split("\n").includes(end), `${name}: ${end}`);
  }
});

// ---- completions, asked as the shells ask them ---------------------------------------------------------------------------

const shells = {
  bash: (line) => {
    const words = line.split(" ");
    return run("bash", "-c", `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _$1; printf '%s\\n' "\${COMPREPLY[@]}"`, "bash", path.join(root, "packaging/completions/mayfly.bash"), ...words).split("\n").filter(Boolean);
  },
  fish: (line) => run("fish", "--no-config", "-c", `source ${root}/packaging/completions/${line.split(" ")[0]}.fish; complete -C '${line}'`).split("\n").filter(Boolean).map((one) => one.split("\t")[0]),
  zsh: (line) => run("zsh", "-f", path.join(root, "tests/lib/complete.zsh"), path.join(root, "packaging/completions"), line).split("\n").filter(Boolean),
};
const globals = ["--cacert", "--help", "--tenant", "--token-file", "--url"];
const asked = {
  "mayfly ": () => commands(),
  "mayfly secret ": () => subcommands("secret"),
  "mayfly outbound ": () => subcommands("outbound"),
  "mayfly run --": () => [...globals, "--cpu-ms", "--data", "--env", "--header", "--json", "--memory-mb", "--request", "--wall-ms"],
  "mayfly secret put x --": () => [...globals, "--allow-http", "--host", "--kind", "--set"],
  "mayfly secret delete x --": () => globals,
  "mayfly outbound explain x --": () => [...globals, "--header", "--json", "--request"],
  "mayfly outbound list --": () => [...globals, "--json"],
  "mayfly fs ": () => fileCommands(),
  "mayfly fs sync x --": () => [...globals, "--delete", "--dry-run", "--verbose"],
  "mayfly fs ls x --": () => [...globals, "--long", "--recursive"],
  "mayfly fs rm x --": () => [...globals, "--force", "--recursive"],
  "mayfly fs mkdir x --": () => [...globals, "--parents"],
  "mayfly token ": () => subcommands("token"),
  "mayfly tenant ": () => subcommands("tenant"),
  "mayfly runs ": () => subcommands("runs"),
  "mayfly runs list --": () => [...globals, "--json", "--limit", "--outcome", "--since", "--worker"],
  "mayfly runs get x --": () => [...globals, "--json"],
  "mayfly tail --": () => [...globals, "--json", "--outcome", "--search", "--worker"],
  "mayfly token create x --": () => [...globals, "--expires", "--json", "--scope"],
  "mayfly token rotate x --": () => [...globals, "--json", "--overlap"],
  "mayfly tenant put x --": () => [...globals, "--json", "--quota"],
  "mayfly tenant delete x --": () => [...globals, "--json"],
  "mayfly secret put x --kind ": () => /KIND\s+of a secret: ([^;]*);/.exec(helped("mayfly"))[1].replace(" or ", ", ").split(", "),
  "mayflyd --": () => parsed.mayflyd.map((one) => `--${one}`),
};

for (const shell of Object.keys(shells)) {
  test(`${shell} completes what the programs take`, () => {
    for (const [line, expected] of Object.entries(asked)) assert.deepEqual(shells[shell](line).sort(), [...expected()].sort(), line);
    // All that is completed anywhere is all that there is.
    const all = Object.entries(asked).filter(([line]) => /^mayfly .*--$/.test(line)).flatMap(([, expected]) => expected());
    assert.deepEqual([...new Set(all)].sort(), [...new Set([...parsed.mayfly, ...parsed["mayfly-fs"]])].map((one) => `--${one}`).sort());
  });
}
