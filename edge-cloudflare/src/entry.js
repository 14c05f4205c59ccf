// The module that the Workers runtime starts. The build puts `index.js`, the JavaScript of the wasm, beside it.

import wasm from "./index_bg.wasm";
import { fetch, initSync } from "./index.js";

initSync({ module: wasm });

export default { fetch };
