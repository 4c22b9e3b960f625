// process.cjs - process as require() gives it.
module.exports = require('./process.mjs').default;
