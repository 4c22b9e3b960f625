// path.mjs - node:path.
import path from 'path-browserify';

path.posix = path;
path.win32 = path;
path.toNamespacedPath = (name) => name;
export default path;
