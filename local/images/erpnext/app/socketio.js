// The websocket's stand-in on port 9000: answers an upgrade, and echoes nothing else.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
const server = createServer((request, response) => {
  const found = request.url.startsWith("/socket.io");
  response.writeHead(found ? 200 : 404, { "content-type": "text/plain" });
  response.end(found ? "socket.io stand-in\n" : "not found\n");
});
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  if (!request.url.startsWith("/socket.io") || !key) return socket.destroy();
  const accept = createHash("sha1").update(key + GUID).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
});
server.listen(Number(process.env.SOCKETIO_PORT || 9000));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
