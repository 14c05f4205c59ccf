# The Worker on plain workerd: `cargo xtask worker` builds it, `npx --prefix e2e workerd serve workerd.capnp` serves it.
# docs/operations.md describes the requirements of a deployment.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # Otherwise, the objects of about 20,000 requests are freed at once, which pauses other requests for 150 to 300 ms.
  v8Flags = ["--gc-global", "--max-semi-space-size=2"],
  services = [(name = "callgate", worker = .callgate)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "callgate")],
);

const callgate :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "edge-cloudflare/build/index.js"),
    (name = "index_bg.wasm", wasm = embed "edge-cloudflare/build/index_bg.wasm"),
  ],
  # A setting that is not set is missing here. Without a key or a configuration, every call is denied.
  bindings = [
    (name = "CALLGATE_API_KEYS", fromEnvironment = "CALLGATE_API_KEYS"),
    (name = "CALLGATE_CONFIG", fromEnvironment = "CALLGATE_CONFIG"),
    (name = "CALLGATE_JWT_SECRET", fromEnvironment = "CALLGATE_JWT_SECRET"),
    (name = "CALLGATE_LOG_TOKEN", fromEnvironment = "CALLGATE_LOG_TOKEN"),
  ],
  # The same day as in `wrangler.toml`, which the test suite checks: both Workers must behave alike.
  compatibilityDate = "2026-10-01",
);
