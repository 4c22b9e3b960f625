// fs_errors.mjs - errors of node:fs, to the letter: what libuv and Node's C++ make of a system call that failed.
import { coded } from './errors.mjs';

// The numbers are Linux's.
const ERRNOS = {
    EPERM: [1, 'operation not permitted'], ENOENT: [2, 'no such file or directory'], EIO: [5, 'i/o error'], EBADF: [9, 'bad file descriptor'],
    EAGAIN: [11, 'resource temporarily unavailable'], EACCES: [13, 'permission denied'], EBUSY: [16, 'resource busy or locked'], EEXIST: [17, 'file already exists'],
    EXDEV: [18, 'cross-device link not permitted'], ENOTDIR: [20, 'not a directory'], EISDIR: [21, 'illegal operation on a directory'], EINVAL: [22, 'invalid argument'],
    EMFILE: [24, 'too many open files'], EFBIG: [27, 'file too large'], ENOSPC: [28, 'no space left on device'], EROFS: [30, 'read-only file system'],
    ENAMETOOLONG: [36, 'name too long'], ENOSYS: [38, 'function not implemented'], ENOTEMPTY: [39, 'directory not empty'], ELOOP: [40, 'too many symbolic links encountered'],
    ENOTSUP: [95, 'operation not supported on socket'], ECANCELED: [125, 'operation canceled'],
};

// What only Mayfly refuses with.
const OTHERS = { 'workspace.unknown': 'There is no workspace of this name.', 'workspace.conflict': 'The workspace was changed by somebody else meanwhile.', 'workspace.pattern': 'The pattern is not valid, or costs too much.' };

// |why| says more than Node would.
export function systemError(code, syscall, path, dest, why = OTHERS[code]) {
    const [number, text] = ERRNOS[code] ?? ERRNOS.EIO;
    const error = new Error(`${code}: ${why ?? text}, ${syscall}${path === undefined ? '' : ` '${path}'`}${dest === undefined ? '' : ` -> '${dest}'`}`);
    error.errno = -number;
    error.code = code;
    error.syscall = syscall;
    if (path !== undefined) error.path = path;
    if (dest !== undefined) error.dest = dest;
    return error;
}

const NAMES = {
    ERR_FS_EISDIR: 'Path is a directory', ERR_FS_CP_NON_DIR_TO_DIR: 'Cannot overwrite directory with non-directory', ERR_FS_CP_DIR_TO_NON_DIR: 'Cannot overwrite non-directory with directory',
    ERR_FS_CP_EINVAL: 'Invalid src or dest', ERR_FS_CP_EEXIST: 'Target already exists', ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: 'Cannot overwrite symlink in subdirectory of self',
};

// Node's SystemError: of what it checks by itself before any system call.
export function checkError(code, name, syscall, path, text) {
    const [errno] = ERRNOS[name];
    const error = coded(code, `${NAMES[code]}: ${syscall} returned ${name} (${text}) ${path}`);
    Object.defineProperty(error, 'name', { value: 'SystemError', configurable: true, writable: true, enumerable: false });
    error.info = { code: name, message: text, path, syscall, errno };
    error.errno = errno;
    error.syscall = syscall;
    error.path = path;
    return error;
}

export function abortError(signal) {
    const error = new Error('The operation was aborted', { cause: signal.reason });
    Object.defineProperty(error, 'name', { value: 'AbortError', configurable: true, writable: true, enumerable: false });
    error.code = 'ABORT_ERR';
    return error;
}
