// noble_argon2.js: Argon2 of @noble/hashes.
import { bundleOf } from './module.mjs';

export default (tools) => bundleOf(tools, `export { argon2d, argon2i, argon2id } from '@noble/hashes/argon2.js';`);
