// noble_keccak.js: cSHAKE, TurboSHAKE, KangarooTwelve and KMAC of @noble/hashes.
import { bundleOf } from './module.mjs';

export default (tools) => bundleOf(tools, `export {
    cshake128, cshake256, turboshake128, turboshake256, kt128, kt256, kmac128, kmac256,
} from '@noble/hashes/sha3-addons.js';`);
