// noble_lattice.js: ML-KEM and ML-DSA of @noble/post-quantum.
import { bundleOf } from './module.mjs';

export default (tools) => bundleOf(tools, `
    export { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
    export { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';`);
