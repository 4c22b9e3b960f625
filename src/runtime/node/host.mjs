// host.mjs - the one door from Node's modules to the runtime: js/node_host.js. What is beside it in this folder runs with the
// worker's own globals and is trusted no more than the worker.
/* global internals */
export const stream = () => internals.lazy('node_stream.js');
export const files = () => internals.lazy('node_fs.js').default;
export default internals.lazy('node_host.js');
