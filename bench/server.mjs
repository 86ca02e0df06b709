// A small stateless service whose end can be chosen by END:
//   deaf      ignores SIGTERM, as a process 1 without a handler does, until it is killed
//   abrupt    ends at once, whatever it is doing
//   graceful  answers what it has, then ends
//   drain     goes on answering for DRAIN_MS, then ends like graceful
// In the end it prints how long before SIGTERM the edge asked for the last time, in ms.
import { createServer } from "node:http";

const { END = "graceful", RELEASE_SHA = "none", DRAIN_MS = "0", KEEP_ALIVE_MS = "100000" } = process.env;
const WORK_MS = 5;
const body = JSON.stringify({ status: "ok", release: RELEASE_SHA });
let asked = Date.now();
const server = createServer((request, response) => {
  if (request.headers["x-forwarded-host"] !== undefined) asked = Date.now();
  request.resume();
  setTimeout(() => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  }, WORK_MS);
});
server.keepAliveTimeout = Number(KEEP_ALIVE_MS);
server.listen(3000, "0.0.0.0");

function finish() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
const ends = {
  deaf: () => {},
  abrupt: () => process.exit(0),
  graceful: finish,
  drain: () => setTimeout(finish, Number(DRAIN_MS)),
};
process.on("SIGTERM", () => {
  const told = Date.now();
  process.on("exit", () => console.log(JSON.stringify({ margin_ms: told - asked })));
  ends[END]();
});
