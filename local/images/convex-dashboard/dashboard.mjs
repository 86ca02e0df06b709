// Stands in for the Convex dashboard: one page that says which deployment it would open.
import { createServer } from "node:http";

const escape = (text) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
const deployment = process.env.NEXT_PUBLIC_DEPLOYMENT_URL;
if (!deployment) {
  console.error("dashboard: NEXT_PUBLIC_DEPLOYMENT_URL is missing");
  process.exit(1);
}
const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Convex dashboard (stand-in)</title>
<h1>Convex dashboard (stand-in)</h1>
<p>This page stands in for the Convex dashboard in the local stack.</p>
<p>Deployment: <code>${escape(deployment)}</code></p></html>
`;
const server = createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(request.method === "HEAD" ? undefined : page);
});
server.listen(6791, "0.0.0.0", () => console.log("dashboard: listening on 6791"));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
