// The HTTP interface on 3210: what the estate calls, and no more of the real one.
import { randomUUID } from "node:crypto";
import { keyIsValid } from "./admin_key.mjs";
import { runFunction } from "./functions.mjs";
import { listInstances } from "./instances.mjs";
import { readVariables } from "./store.mjs";

const BODY_LIMIT = 20_000_000;

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const badRequest = (message) => new Refusal(400, "BadJsonBody", message);

/** The fields of a body: each of `names` has to be there, and nothing else. */
function fields(body, names) {
  const unknown = Object.keys(body).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw badRequest(`unknown field \`${unknown[0]}\``);
  const missing = names.filter((name) => !(name in body));
  if (missing.length > 0) throw badRequest(`missing field \`${missing[0]}\``);
  return body;
}

function updateVariables(database, body) {
  const { changes } = fields(body, ["changes"]);
  if (!Array.isArray(changes)) throw badRequest("changes is not a list");
  for (const change of changes) {
    const { name, value } = fields(change, ["name", "value"]);
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(name)) throw badRequest("name is not a variable name");
    if (value !== null && typeof value !== "string") throw badRequest("value is not a text");
  }
  for (const { name, value } of changes) {
    if (value === null) database.prepare("DELETE FROM variables WHERE name = ?").run(name);
    else database.prepare("INSERT OR REPLACE INTO variables VALUES (?, ?)").run(name, value);
  }
  return null;
}

function startPush(database, body) {
  const { modules } = fields(body, ["modules"]);
  if (!Array.isArray(modules) || modules.length === 0) throw badRequest("modules is empty");
  for (const module of modules) fields(module, ["path", "source"]);
  if (!readVariables(database).MACHINE_PROVISIONING_SECRET) {
    throw new Refusal(
      400,
      "EnvironmentVariableMissing",
      "MACHINE_PROVISIONING_SECRET is not set: set the variables before the functions",
    );
  }
  const id = randomUUID();
  database
    .prepare("INSERT INTO pushes (id, modules) VALUES (?, ?)")
    .run(id, JSON.stringify(modules));
  return { pushId: id };
}

function knownPush(database, body) {
  const { pushId } = fields(body, ["pushId"]);
  const push = database.prepare("SELECT modules FROM pushes WHERE id = ?").get(String(pushId));
  if (!push) throw badRequest("pushId is not known");
  return { pushId, modules: JSON.parse(push.modules) };
}

function waitForSchema(database, body) {
  const schema = knownPush(database, body).modules.find(({ path }) => path === "schema.ts");
  if (schema && !schema.source.includes("defineSchema")) {
    return { type: "failed", error: "schema.ts does not define a schema" };
  }
  return { type: "complete" };
}

function finishPush(database, body) {
  const { pushId } = knownPush(database, body);
  database.prepare("UPDATE pushes SET finished_at = datetime('now') WHERE id = ?").run(pushId);
  return { ok: true };
}

const OPEN = {
  "GET /version": () => "stand-in",
  "GET /": () => "This Convex deployment is running (stand-in).",
  "POST /api/mutation": runFunction,
  "GET /debug/instances": (database) => ({ instances: listInstances(database) }),
};
const ADMIN = {
  "POST /api/update_environment_variables": updateVariables,
  "GET /api/list_environment_variables": (database) => ({
    environmentVariables: readVariables(database),
  }),
  "POST /api/deploy2/start_push": startPush,
  "POST /api/deploy2/wait_for_schema": waitForSchema,
  "POST /api/deploy2/finish_push": finishPush,
};

async function readBody(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw badRequest("body is too long");
  }
  try {
    const body = JSON.parse(text || "{}");
    if (body === null || typeof body !== "object") throw badRequest("body is not an object");
    return body;
  } catch (error) {
    throw error instanceof Refusal ? error : badRequest(error.message);
  }
}

function requireAdmin({ INSTANCE_NAME, INSTANCE_SECRET }, request) {
  const [scheme, ...rest] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Convex") throw new Refusal(401, "Unauthorized", "no admin key was given");
  if (!keyIsValid(INSTANCE_NAME, INSTANCE_SECRET, rest.join(" "))) {
    throw new Refusal(401, "BadAdminKey", "The provided admin key was invalid for this instance");
  }
}

/** A listener for node:http that answers from `database` with the instance's credentials. */
export function makeApi(database, env) {
  return async (request, response) => {
    let status = 200;
    let answer;
    try {
      const { pathname } = new URL(request.url, "http://localhost");
      const name = `${request.method === "HEAD" ? "GET" : request.method} ${pathname}`;
      const route = OPEN[name] ?? ADMIN[name];
      if (!route) throw new Refusal(404, "NotFound", "no such path in the stand-in");
      if (ADMIN[name]) requireAdmin(env, request);
      answer = route(database, request.method === "POST" ? await readBody(request) : {});
    } catch (error) {
      status = error instanceof Refusal ? error.status : 500;
      answer = { code: error.code ?? "InternalServerError", message: error.message };
      if (status === 500) console.error(`convex: ${request.method} ${request.url}: ${error.stack}`);
    }
    const isText = typeof answer === "string";
    response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
    response.end(isText ? answer : answer === null ? "" : JSON.stringify(answer));
  };
}
