# The other side of workspaces: a Durable Object on the disk, and programs in workers of their own. The parent is bundled beside this file.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .parent), (name = "disk", disk = (path = "DISK", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const parent :Workerd.Worker = (
  modules = [(name = "parent.js", esModule = embed "parent.js")],
  compatibilityDate = "2026-09-01",
  compatibilityFlags = ["experimental"],
  durableObjectNamespaces = [(className = "Files", uniqueKey = "bench-files", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "LOADER", workerLoader = ()), (name = "FILES", durableObjectNamespace = "Files")],
);
