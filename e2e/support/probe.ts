/** A Worker with additional entry points that inspect the shared isolate. */

import assert from "node:assert/strict";

import type { WorkerdSettings } from "../../hosts/workerd.ts";
import { exchange } from "./exchange.ts";
import type { Host } from "./hosts.ts";

/** The header of the entry point `Keyed` with the API keys to use. */
export const keysHeader = "x-test-keys";

/** The header of the entry point `Set` with all settings to use, as JSON. */
export const settingsHeader = "x-test-settings";

/** The modules that are loaded before the Worker's own. */
export const probe: NonNullable<WorkerdSettings["main"]> = {
  entryPoints: ["Memory", "Keyed", "Set", "Trap"],
  modules: {
    "main.js": `
      import "./memories.js";
      import Edge from "./index.js";
      export default Edge;
      // The size of the wasm memory, after JavaScript garbage collection.
      export const Memory = {
        async fetch() {
          gc();
          await new Promise((resolve) => setTimeout(resolve, 50));
          return Response.json(globalThis.memories.map(({ buffer }) => buffer.byteLength));
        },
      };
      // The Worker in an isolate whose secrets change while it runs.
      export const Keyed = {
        fetch(request, env, ctx) {
          const CALLGATE_API_KEYS = request.headers.get("${keysHeader}") ?? undefined;
          return Edge.fetch(request, { ...env, CALLGATE_API_KEYS }, ctx);
        },
      };
      export const Set = {
        fetch(request, env, ctx) {
          return Edge.fetch(request, { ...env, ...JSON.parse(request.headers.get("${settingsHeader}")) }, ctx);
        },
      };
      // A request that fails in the middle of the wasm, which leaves its memory as it is at that point.
      export const Trap = {
        fetch(request, env, ctx) {
          const broken = new Proxy(env, { get: () => { throw new Error("no setting can be read"); } });
          return Edge.fetch(request, broken, ctx);
        },
      };
    `,
    "memories.js": `
      const { Instance } = WebAssembly;
      globalThis.memories = [];
      WebAssembly.Instance = function (module, imports) {
        const instance = new Instance(module, imports);
        globalThis.memories.push(instance.exports.memory);
        return instance;
      };
    `,
  },
};

/** The linear memory of a Worker with the probe, in bytes. */
export async function linearMemory(host: Host): Promise<number> {
  const url = host.others.get("Memory");
  assert.ok(url, "the Worker was started without the probe");
  const { body } = await exchange(url, { method: "GET", path: "/", headers: {} });
  const [bytes, ...more] = JSON.parse(body.toString()) as number[];
  assert.ok(bytes !== undefined && more.length === 0, "the Worker must have exactly one memory");
  return bytes;
}
