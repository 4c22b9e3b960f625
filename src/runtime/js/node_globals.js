// node_globals: Buffer, process, setImmediate and clearImmediate.
//
// Spec:  https://nodejs.org/api/globals.html
// Covers / differs:  docs/nodejs.md
// Ops:   none
// WPT:   none; tests/integration/node
// Limits: none

'use strict';

return internals.lazy('node.js').globals;
