#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Stands in for the Convex CLI: `deploy`, `env list`, `env set NAME VALUE`, against the HTTP
// interface of the stand-in backend. Options that the real `deploy` takes are accepted.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(process.cwd(), "convex");

function target() {
  for (const file of [".env.local", ".env"]) if (existsSync(file)) process.loadEnvFile(file);
  const { CONVEX_DEPLOYMENT, CONVEX_SELF_HOSTED_URL, CONVEX_SELF_HOSTED_ADMIN_KEY } = process.env;
  if (CONVEX_DEPLOYMENT) {
    throw new Error("CONVEX_DEPLOYMENT must not be set when CONVEX_SELF_HOSTED_URL is: unset it");
  }
  if (!CONVEX_SELF_HOSTED_URL || !CONVEX_SELF_HOSTED_ADMIN_KEY) {
    throw new Error("CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY have to be set");
  }
  return { url: CONVEX_SELF_HOSTED_URL.replace(/\/$/, ""), key: CONVEX_SELF_HOSTED_ADMIN_KEY.trim() };
}

async function call({ url, key }, method, path, body) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Convex ${key}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 500)}`);
  return text ? JSON.parse(text) : null;
}

async function deploy() {
  const backend = target();
  const modules = readdirSync(FOLDER)
    .filter((name) => /\.(ts|js)$/.test(name))
    .sort()
    .map((path) => ({ path, source: readFileSync(join(FOLDER, path), "utf8") }));
  console.log(`Uploading ${modules.length} modules to ${backend.url}...`);
  const { pushId } = await call(backend, "POST", "/api/deploy2/start_push", { modules });
  const schema = await call(backend, "POST", "/api/deploy2/wait_for_schema", { pushId });
  if (schema.type !== "complete") throw new Error(`Schema validation failed: ${schema.error}`);
  await call(backend, "POST", "/api/deploy2/finish_push", { pushId });
  console.log(`✔ Deployed Convex functions to ${backend.url}`);
}

async function setVariable([name, value]) {
  if (!name || value === undefined) throw new Error("usage: convex env set NAME VALUE");
  await call(target(), "POST", "/api/update_environment_variables", { changes: [{ name, value }] });
  console.log(`✔ Successfully set ${name}`);
}

async function listVariables() {
  const answer = await call(target(), "GET", "/api/list_environment_variables");
  for (const [name, value] of Object.entries(answer.environmentVariables)) {
    console.log(`${name}=${value}`);
  }
}

console.log("convex (stand-in of the demonstration)");
const [command, sub, ...rest] = process.argv.slice(2);
try {
  if (command === "deploy") await deploy();
  else if (command === "env" && sub === "set") await setVariable(rest);
  else if (command === "env" && sub === "list") await listVariables();
  else throw new Error("usage: convex deploy | env list | env set NAME VALUE");
} catch (error) {
  console.error(`✖ ${error.message}${error.cause ? `: ${error.cause.message}` : ""}`);
  process.exitCode = 1;
}
