// acorn.js: the parser of acorn, for programs that are more than one expression.
import { bundleOf } from './module.mjs';

export default (tools) => bundleOf(tools, `export { parse } from 'acorn';`);
