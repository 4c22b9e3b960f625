# As workerd.capnp; what a loaded worker fetches goes through a Fetcher, which adds a credential.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .parent), (name = "internet", network = (allow = ["private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const parent :Workerd.Worker = (
  modules = [(name = "parent.js", esModule = embed "workerd-parent.js")],
  compatibilityDate = "2026-09-01",
  compatibilityFlags = ["experimental"],
  bindings = [
    (name = "LOADER", workerLoader = ()),
    (name = "GATEWAY", service = (name = "main", entrypoint = "Gateway")),
    (name = "TOKEN", text = "Bearer 0123456789abcdef0123456789abcdef"),
  ],
);
