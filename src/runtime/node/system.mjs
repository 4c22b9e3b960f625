// system.mjs - node:os and node:perf_hooks: what can be said of a sandbox.
export const os = {
    EOL: '\n', platform: () => 'linux', type: () => 'Linux', arch: () => 'x64', release: () => '', hostname: () => 'localhost', tmpdir: () => '/tmp', homedir: () => '/', cpus: () => [],
    totalmem: () => 0, freemem: () => 0, uptime: () => 0, endianness: () => 'LE', constants: { signals: {} }, availableParallelism: () => 1,
};
export const perfHooks = { performance, PerformanceObserver, PerformanceEntry, constants: {} };
