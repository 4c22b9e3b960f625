# The other side: a worker that loads what it is sent, each time as a new one, with Cloudflare's Worker Loader.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .parent)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const parent :Workerd.Worker = (
  modules = [(name = "parent.js", esModule = embed "workerd-parent.js")],
  compatibilityDate = "2026-09-01",
  compatibilityFlags = ["experimental"],
  bindings = [(name = "LOADER", workerLoader = ())],
);
