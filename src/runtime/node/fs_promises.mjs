// fs_promises.mjs - node:fs/promises.
import { missing } from './errors.mjs';
import { flagsOf, modeOf, optionsOf, pathOf } from './fs_args.mjs';
import constants from './fs_constants.mjs';
import * as core from './fs_core.mjs';
import { FileHandle, isMany, writeMany } from './fs_handle.mjs';
import operations from './fs_operations.mjs';

const promises = { constants };
for (const name of ['access', 'copyFile', 'cp', 'opendir', 'rename', 'truncate', 'rm', 'rmdir', 'mkdir', 'readdir', 'readlink', 'symlink', 'lstat', 'stat', 'link', 'unlink', 'chmod', 'lchown', 'chown',
    'utimes', 'lutimes', 'mkdtemp']) {
    promises[name] = { async [name](...args) { return core.start(operations[name](...args)); } }[name];
}

async function writeTo(name, flag, target, data, options) {
    const { flag: wanted = flag, mode } = optionsOf(options, {});
    if (target instanceof FileHandle) return target.writeFile(data, options);
    if (!isMany(data)) return core.start(operations[name](pathOf(target), data, options));
    const handle = await promises.open(target, wanted, mode);
    try {
        return await writeMany(handle, data, options);
    } finally {
        await handle.close();
    }
}

Object.assign(promises, {
    async realpath(path, options) { return core.start(operations.realpathNative(path, options)); },
    async open(path, flags, mode) { return new FileHandle(await core.start(core.open(pathOf(path), flagsOf(flags), modeOf(mode, 'mode', 0o666)))); },
    async readFile(target, options) { return target instanceof FileHandle ? target.readFile(options) : core.start(operations.readFile(pathOf(target), options)); },
    async writeFile(target, data, options) { return writeTo('writeFile', 'w', target, data, options); },
    async appendFile(target, data, options) { return writeTo('appendFile', 'a', target, data, options); },
});
for (const name of ['watch', 'statfs', 'lchmod', 'glob']) promises[name] = missing(`node:fs.promises.${name}`);

export default promises;
