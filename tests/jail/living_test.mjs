// living_test.mjs - the real executors live in the jail: scripts that use all that V8 has in it, and none of them ends a process.
//
//     node living_test.mjs <folder of mayflyd and mayfly-executor> [--unprivileged] [--jitless]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [binaries, ...flags] = process.argv.slice(2);
const isRoot = process.getuid() === 0;
const isUnprivileged = flags.includes('--unprivileged');
const isJitless = flags.includes('--jitless');
const nobody = 65534;

// The unprivileged user may have no way to the build folder.
const folder = mkdtempSync(join(tmpdir(), 'mayfly-living-'));
chmodSync(folder, 0o755);
for (const name of ['mayflyd', 'mayfly-executor']) cpSync(join(binaries, name), join(folder, name));
const identity = isRoot && isUnprivileged ? { uid: nobody, gid: nobody } : {};
const stateDir = join(folder, 'state');
mkdirSync(stateDir, { mode: 0o700 });
if (identity.uid) chownSync(stateDir, identity.uid, identity.gid);
const config = join(folder, 'mayfly.json');
writeFileSync(config, JSON.stringify({ listen: ['127.0.0.1:0'], stateDir, executors: { count: 1, jitless: isJitless } }));

const daemon = spawn(join(folder, 'mayflyd'), ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'], ...identity });
const log = [];

async function listening() {
  for await (const line of createInterface({ input: daemon.stderr })) {
    log.push(line);
    const m = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (m) return m[1];
  }
  throw new Error('mayflyd ended before it listened');
}

const scripts = {
  heap: `const a = []; for (let k = 0; k < 300000; k++) a.push({ k, s: 'x' + k }); return a.length`,
  hotLoop: `function f(n) { let s = 0; for (let i = 0; i < n; i++) s = (s + i * i) % 1000003; return s }
            let x = 0; for (let k = 0; k < 3000; k++) x += f(1000); return x`,
  buffers: `let n = 0; for (let k = 0; k < 50; k++) n += new Uint8Array(1 << 20).fill(k).length; return n`,
  dates: `return new Date(2020, 5, 5).toString() + new Date().toLocaleString('de', { timeZone: 'Europe/Berlin' })`,
  locales: `return ['z', 'ä', 'a'].sort(new Intl.Collator('sv').compare).join('') + (1234.5).toLocaleString('de')
            + new Intl.Segmenter('th').segment('สวัสดี').containing(0).segment`,
  patterns: `return 'ab'.repeat(5000).replace(/(a)(b)/g, '$2$1').length + /(?<x>a+)+b/.exec('aaaab').groups.x`,
  bigNumbers: `return String(3n ** 20000n).length`,
  json: `return JSON.stringify(JSON.parse('[' + '{"a":1},'.repeat(20000) + '0]')).length`,
  deep: `let d = 0; function f() { d++; f() } try { f() } catch (e) { return e.name + (d > 1000) }`,
  random: `return crypto.randomUUID().length + crypto.getRandomValues(new Uint8Array(64)).length`,
  timers: `const all = []; for (let k = 0; k < 50; k++) all.push(new Promise((r) => setTimeout(r, k))); await Promise.all(all); return all.length`,
  errors: `try { null.x } catch (e) { return e.stack.length > 0 }`,
};

async function run(url, code) {
  const module = `export default { async fetch(request) { const answer = await (async () => { ${code} })(); return new Response(String(answer)) } }`;
  const response = await fetch(url + '/v1/run', {
    method: 'POST', headers: { 'content-type': 'application/javascript' }, body: module, signal: AbortSignal.timeout(60000),
  });
  return [response.status, await response.text()];
}

function executors() {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/status`, 'utf8').includes(`\nPPid:\t${daemon.pid}\n`);
    } catch {
      return false;
    }
  });
}

function isJailed(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const uid = isRoot ? nobody : process.getuid();
  assert.match(status, /\nNoNewPrivs:\t1\n/);
  assert.match(status, /\nSeccomp:\t2\n/);
  assert.match(status, /\nCapEff:\t0000000000000000\n/);
  assert.match(status, /\nCapBnd:\t0000000000000000\n/);
  assert.match(status, new RegExp(`\\nUid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}\\n`));
  assert.match(status, new RegExp(`\\nNSpid:\\t${pid}\\t1\\n`));
  if (!isRoot) return;
  const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8').trim().split('\n');
  assert.equal(mounts.length, 1);
  assert.match(mounts[0], /^mayfly \/ tmpfs ro,/);
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    assert.match(target, { 0: /^\/dev\/null$/, 1: /^\/dev\/null$/, 2: /^pipe:/, 3: /^socket:/ }[fd] ?? /^anon_inode:\[event(poll|fd)\]$/, `fd ${fd}`);
  }
  const code = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').filter((line) => / [r-]wx[ps] /.test(line));
  if (isJitless) assert.deepEqual(code, [], 'memory that is writable and executable, without a JIT');
}

async function test() {
  const url = await listening();
  daemon.stderr.on('data', (bytes) => log.push(String(bytes)));
  daemon.stderr.resume();
  const expected = {
    heap: '300000', buffers: String(50 << 20), patterns: '10000aaaa', bigNumbers: '9543', deep: 'RangeErrortrue', random: '100', timers: '50', errors: 'true',
  };
  const jobs = [];
  for (let round = 0; round < 3; round++) {
    for (const [name, code] of Object.entries(scripts)) {
      jobs.push(run(url, code).then(([status, text]) => {
        assert.equal(status, 200, `${name}: ${text}`);
        if (name in expected) assert.equal(text, expected[name], name);
      }));
    }
  }
  await Promise.all(jobs);
  executors().forEach(isJailed);
  const [status, text] = await run(url, 'const a = []; for (;;) a.push(new Array(1000).fill(a.length + 0.5))');
  assert.match(text, /"limit\.memory"/, `${status} ${text}`);
  const [, after] = await run(url, 'return 40 + 2');
  assert.equal(after, '42');
  const pids = executors();
  assert.ok(pids.length >= 1);
  pids.forEach(isJailed);
  const health = await (await fetch(url + '/healthz')).json();
  assert.equal(health.jail.layers.length, 14);
  assert.equal(health.executors.crashes, 0, JSON.stringify(health.executors));
  assert.equal(health.executors.attacks, 0);
  console.log(`${jobs.length + 2} runs in a jail of ${health.jail.layers.length} layers, no executor died of it`);
}

const ended = new Promise((resolve) => daemon.on('exit', resolve));
try {
  await test();
} catch (error) {
  console.error(error);
  console.error(log.join('\n'));
  process.exitCode = 1;
} finally {
  daemon.kill('SIGTERM');
  const late = setTimeout(() => daemon.kill('SIGKILL'), 20000);
  await ended;
  clearTimeout(late);
  rmSync(folder, { recursive: true });
}
