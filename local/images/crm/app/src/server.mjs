// The backend of the demonstration. It does not migrate: an old schema is a reason not to start.
import { createServer } from "node:http";
import { json, loadEnvironment, readBuild, refuse } from "demo-parts";
import { openPool, pendingMigrations, waitFor } from "./database.mjs";
import { mistakes } from "./environment.mjs";
import { findRoute } from "./routes.mjs";
import { stopGracefully } from "./stopping.mjs";

const BODY_LIMIT = 10_000_000;
const CRASH_LATER_MS = 20_000;
// Longer than a proxy keeps an idle connection (Traefik: 90 s), so that the proxy is the one who
// closes it; the other way round a request can meet a connection that is just being closed.
const KEEP_ALIVE_MS = 100_000;

async function prepare() {
  const build = readBuild();
  if (build.fault === "crash") refuse("backend", [`release ${build.release} was built to crash`]);
  const env = loadEnvironment();
  const reasons = mistakes(env);
  if (reasons.length > 0) refuse("backend", reasons);
  const pool = openPool(env);
  const reason = await waitFor(pool);
  if (reason !== null) refuse("backend", [`the database of DATABASE_URL does not answer: ${reason}`]);
  const pending = await pendingMigrations(pool);
  if (pending.length > 0) {
    refuse("backend", [
      `the schema is older than this release (run: npx prisma migrate deploy): ${pending.join(", ")}`,
    ]);
  }
  return { build, env, pool, release: env.RELEASE_SHA || "unknown" };
}

async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_LIMIT) throw new SyntaxError("body is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isSick({ build }, request) {
  if (build.fault === "unhealthy") return true;
  return build.fault === "sick-outside" && request.headers["x-forwarded-host"] !== undefined;
}

async function answer(context, request) {
  if (isSick(context, request)) return json(500, { error: `built to be ${context.build.fault}` });
  const { pathname } = new URL(request.url, "http://localhost");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = findRoute(method, pathname);
  if (!route) return json(404, { error: "not found" });
  try {
    const body = method === "POST" ? await readBody(request) : undefined;
    return await route({ ...context, body });
  } catch (error) {
    if (error instanceof SyntaxError) return json(400, { error: error.message });
    console.error(`backend: ${method} ${pathname}: ${error.message}`);
    return json(500, { error: "internal error" });
  }
}

const context = await prepare();
const { build, env, pool, release } = context;
const server = createServer(async (request, response) => {
  const { status, body, headers } = await answer(context, request);
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
stopGracefully(server, { drainMs: Number(env.DRAIN_MS || 0), close: () => pool.end() });
server.listen(Number(env.PORT), "0.0.0.0", () => {
  console.log(`backend: release ${release}, build ${build.release}, port ${env.PORT}`);
});
if (build.fault === "crash-later") {
  setTimeout(() => {
    console.error(`backend: release ${build.release} was built to crash later`);
    process.exit(1);
  }, CRASH_LATER_MS);
}
