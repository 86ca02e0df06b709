// The web server of the demonstration: port 3000, ends after the requests it has on SIGTERM.
// It does not migrate: an old schema is a reason not to start.
import { createServer } from "node:http";
import { json, loadEnvironment, readBuild, refuse } from "demo-parts";
import { ConvexError } from "./convex.mjs";
import { openDatabase, pendingMigrations } from "./database.mjs";
import { databasePath, mistakes } from "./environment.mjs";
import { ROUTES } from "./routes.mjs";

const PORT = 3000;
const BODY_LIMIT = 1_000_000;

function prepare() {
  const build = readBuild();
  if (build.fault === "crash") refuse("web", [`release ${build.release} was built to crash`]);
  const env = loadEnvironment();
  const reasons = mistakes(env);
  if (env.DATABASE_URL) {
    try {
      databasePath(env);
    } catch (error) {
      reasons.push(error.message);
    }
  }
  if (reasons.length > 0) refuse("web", reasons);
  const pending = pendingMigrations(env);
  if (pending.length > 0) {
    refuse("web", [
      `the schema is older than this release (run: bun x prisma migrate deploy): ${pending.join(", ")}`,
    ]);
  }
  return { build, env, release: env.RELEASE_SHA || "unknown", database: openDatabase(env) };
}

async function readBody(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw new SyntaxError("body is too long");
  }
  const body = text ? JSON.parse(text) : {};
  if (body === null || typeof body !== "object") throw new SyntaxError("body is not an object");
  return body;
}

async function answer(context, request) {
  if (context.build.fault === "unhealthy") return json(500, { error: "built to be unhealthy" });
  const { pathname } = new URL(request.url, "http://localhost");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = ROUTES[`${method} ${pathname}`];
  if (!route) return json(404, { error: "not found" });
  try {
    const body = method === "POST" ? await readBody(request) : {};
    return await route({ ...context, request, body });
  } catch (error) {
    if (error instanceof SyntaxError) return json(400, { error: error.message });
    if (error instanceof ConvexError) return json(error.status, { error: error.message });
    console.error(`web: ${method} ${pathname}: ${error.stack}`);
    return json(500, { error: "internal error" });
  }
}

const context = prepare();
const server = createServer(async (request, response) => {
  const { status, body, headers } = await answer(context, request);
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
});
server.listen(PORT, "0.0.0.0", () => {
  console.log(`web: release ${context.release}, build ${context.build.release}, port ${PORT}`);
});

function stop() {
  console.log("web: SIGTERM, finishing open requests");
  server.close(() => {
    context.database.close();
    process.exit(0);
  });
  server.closeIdleConnections();
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
