// What the backend answers, path by path. A route returns {status, body, headers}.
import { randomUUID } from "node:crypto";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, escape, json } from "demo-parts";
import { complaint } from "./database.mjs";

const UPLOADS = join(ROOT, "uploads");
const LOG = join(ROOT, "logs", "messages.log");
const UPLOAD_PATH = /^\/api\/uploads\/([0-9a-f-]{36})$/;

function home({ release, build }) {
  const body = `<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>CRM</title>
<h1>CRM</h1><p>Demonstration of the CRM's backend.</p>
<p>Release <code>${escape(release)}</code>, build <code>${escape(build.release)}</code></p></html>
`;
  return { status: 200, body, headers: { "content-type": "text/html; charset=utf-8" } };
}

async function health({ pool, release, build }) {
  const well = (await complaint(pool)) === null;
  const [status, database] = well ? ["ok", "ok"] : ["error", "unreachable"];
  return json(well ? 200 : 503, { status, release, build: build.release, database });
}

async function countMessages({ pool }) {
  const { rows } = await pool.query(`SELECT count(*)::int AS "count" FROM "messages"`);
  return json(200, rows[0]);
}

async function postMessage({ pool, body, release }) {
  const { text } = JSON.parse(body.toString("utf8")) ?? {};
  if (typeof text !== "string" || !text) return json(400, { error: "text is missing" });
  const { rows } = await pool.query(
    `INSERT INTO "messages" ("contact_id", "text")
     VALUES ((SELECT min("id") FROM "contacts"), $1) RETURNING "id"`,
    [text],
  );
  const id = Number(rows[0].id);
  await appendFile(LOG, `${JSON.stringify({ at: new Date().toISOString(), id, release })}\n`);
  return json(201, { id });
}

async function upload({ body }) {
  const name = randomUUID();
  // Renamed when it is whole: a stop in the middle leaves no half upload under a good name.
  const partial = join(UPLOADS, `.${name}.partial`);
  await writeFile(partial, body);
  await rename(partial, join(UPLOADS, name));
  return json(201, { name });
}

const download = (name) => async () => {
  try {
    const body = await readFile(join(UPLOADS, name));
    return { status: 200, body, headers: { "content-type": "application/octet-stream" } };
  } catch (error) {
    if (error.code === "ENOENT") return json(404, { error: "no such upload" });
    throw error;
  }
};

const ROUTES = {
  "GET /": home,
  "GET /api/health": health,
  "GET /api/messages/count": countMessages,
  "POST /api/messages": postMessage,
  "POST /api/uploads": upload,
};

export function findRoute(method, path) {
  const name = method === "GET" && UPLOAD_PATH.exec(path)?.[1];
  return name ? download(name) : ROUTES[`${method} ${path}`];
}
