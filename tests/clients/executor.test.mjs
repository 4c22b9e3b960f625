// executor.test.mjs - executor.suite.mjs over HTTP.
import { suite } from "./executor.suite.mjs";

suite(async () => ({}));
