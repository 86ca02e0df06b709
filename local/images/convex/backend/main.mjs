// Stands in for the Convex backend: 3210 (API and sync WebSocket) and 3211 (HTTP actions).
// Only SIGINT is handled, as in the real one.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { makeApi } from "./api.mjs";
import { joinInstances } from "./instances.mjs";
import { openStore } from "./store.mjs";

// The text that RFC 6455, section 1.3, has a server append to the client's key.
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

function requireEnvironment(env) {
  const missing = ["CONVEX_CLOUD_ORIGIN", "CONVEX_SITE_ORIGIN"].filter((name) => !env[name]);
  if (missing.length > 0) {
    console.error(`convex: missing in the environment: ${missing.join(", ")}`);
    process.exit(1);
  }
  if (!/^[0-9a-f]{64}$/.test(env.INSTANCE_SECRET)) {
    console.error("convex: INSTANCE_SECRET has to be 64 hexadecimal digits");
    process.exit(1);
  }
}

/** Accepts the sync WebSocket and keeps it open; the stand-in says nothing on it. */
function acceptSync(request, socket) {
  const { pathname } = new URL(request.url, "http://localhost");
  const key = request.headers["sec-websocket-key"];
  if (!/^\/api\/([0-9a-z.-]+\/)?sync$/.test(pathname) || !key) {
    socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    return;
  }
  const accept = createHash("sha1").update(key + WEBSOCKET_GUID).digest("base64");
  socket.on("error", () => socket.destroy());
  socket.on("data", () => {});
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

requireEnvironment(process.env);
const database = openStore(process.env.DATA_DIR || "/convex/data");
const leave = joinInstances(database);
const api = createServer(makeApi(database, process.env));
api.on("upgrade", acceptSync);
api.listen(3210, "0.0.0.0", () => console.log("convex: stand-in backend on 3210 and 3211"));
const site = createServer((request, response) => {
  response.writeHead(404, { "content-type": "text/plain" });
  response.end("This Convex deployment does not have HTTP actions enabled.");
});
site.listen(3211, "0.0.0.0");

process.on("SIGINT", () => {
  console.log("convex: SIGINT, closing the database");
  leave();
  database.close();
  process.exit(0);
});
