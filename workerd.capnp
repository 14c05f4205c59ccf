# The Worker on workerd itself: `cargo xtask worker` builds it, `npx --prefix e2e workerd serve workerd.capnp` serves it.
# docs/operations.md has what a deployment does.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # Else what is left of some 20,000 requests is freed at once, and all others wait for 150 to 300 ms.
  v8Flags = ["--gc-global", "--max-semi-space-size=2"],
  services = [(name = "callgate", worker = .callgate)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "callgate")],
);

const callgate :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "edge-cloudflare/build/index.js"),
    (name = "index_bg.wasm", wasm = embed "edge-cloudflare/build/index_bg.wasm"),
  ],
  # Settings that are not set are not there. Without a key or a configuration every call is refused.
  bindings = [
    (name = "CALLGATE_API_KEYS", fromEnvironment = "CALLGATE_API_KEYS"),
    (name = "CALLGATE_CONFIG", fromEnvironment = "CALLGATE_CONFIG"),
    (name = "CALLGATE_JWT_SECRET", fromEnvironment = "CALLGATE_JWT_SECRET"),
    (name = "CALLGATE_LOG_TOKEN", fromEnvironment = "CALLGATE_LOG_TOKEN"),
  ],
  # Names the same day as `wrangler.toml`, which the suite sees to: both Workers must behave alike.
  compatibilityDate = "2026-10-01",
);
