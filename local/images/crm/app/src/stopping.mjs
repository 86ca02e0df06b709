// How the server ends: it goes on answering while proxies take notice, and tells each connection
// to come back elsewhere; then it closes.

// Open requests get this long after the drain; together they have to fit the stop grace.
const OPEN_LIMIT_MS = 8000;

/** Ends the process on SIGTERM or SIGINT; `close` releases what else is open. */
export function stopGracefully(server, { drainMs, close }) {
  let stopping = false;
  const open = new Set();

  server.prependListener("request", (_request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (stopping) response.shouldKeepAlive = false;
  });

  function finish() {
    server.close(async () => {
      await close();
      process.exit(0);
    });
    server.closeIdleConnections();
    setTimeout(() => {
      console.error(`backend: ${open.size} requests did not end in ${OPEN_LIMIT_MS} ms and are cut`);
      process.exit(1);
    }, OPEN_LIMIT_MS).unref();
  }

  function stop() {
    if (stopping) return;
    stopping = true;
    // Those that are open already say `connection: close` too, unless their head is out.
    for (const response of open) response.shouldKeepAlive = false;
    console.log(`backend: stopping: ${open.size} open requests, draining for ${drainMs} ms`);
    setTimeout(finish, drainMs);
  }
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
