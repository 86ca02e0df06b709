// What the application answers, path by path. A route returns {status, body, headers}.
import { randomBytes } from "node:crypto";
import { escape, json } from "demo-parts";
import { mutate } from "./convex.mjs";
import { sameSecret, verifyPassword } from "./passwords.mjs";

const CREDENTIALS = { "access-control-allow-credentials": "true" };

function home({ release, build }) {
  const body = `<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>Chamados</title>
<h1>Chamados</h1><p>Demonstration of the tickets application.</p>
<p>Release <code>${escape(release)}</code>, build <code>${escape(build.release)}</code></p></html>
`;
  return { status: 200, body, headers: { "content-type": "text/html; charset=utf-8" } };
}

function health({ database, release, build }) {
  const { users } = database.prepare('SELECT count(*) AS users FROM "user"').get();
  return json(200, { status: "ok", release, build: build.release, database: { status: "ok", users } });
}

async function register({ env, body }) {
  if (!sameSecret(body.provisioningSecret, env.MACHINE_PROVISIONING_SECRET)) {
    return json(401, { error: "Invalid provisioning secret" });
  }
  if (typeof body.hostname !== "string" || !body.hostname) {
    return json(400, { error: "hostname is missing" });
  }
  const { provisioningSecret, hostname } = body;
  return json(201, await mutate(env, "machines:register", { provisioningSecret, hostname }));
}

async function heartbeat({ env, body }) {
  if (typeof body.machineToken !== "string") return json(401, { error: "Unknown machine token" });
  return json(200, await mutate(env, "machines:heartbeat", { machineToken: body.machineToken }));
}

const cron = (job) => ({ env, database, request }) => {
  const expected = env.CRON_SECRET || env.REPORTS_CRON_SECRET;
  if (!sameSecret(request.headers["x-cron-secret"], expected)) {
    return json(401, { error: "Unauthorized" });
  }
  const { runs } = database
    .prepare(
      `INSERT INTO "cron_run" ("job", "runs") VALUES (?, 1)
       ON CONFLICT ("job") DO UPDATE SET "runs" = "runs" + 1 RETURNING "runs"`,
    )
    .get(job);
  return json(200, { ok: true, job, runs });
};

function signIn({ database, body }) {
  const email = String(body.email ?? "").toLowerCase();
  const user = database.prepare('SELECT * FROM "user" WHERE "email" = ?').get(email);
  if (!user || !verifyPassword(String(body.password ?? ""), user.password)) {
    return json(401, { code: "INVALID_EMAIL_OR_PASSWORD" });
  }
  const token = randomBytes(24).toString("hex");
  database.prepare('INSERT INTO "session" ("token", "user_id") VALUES (?, ?)').run(token, user.id);
  const cookie = `better-auth.session_token=${token}; Path=/; HttpOnly; SameSite=Lax`;
  const { id, name, role } = user;
  return json(200, { token, user: { id, email, name, role } }, { "set-cookie": cookie });
}

function whoami({ request }) {
  const { headers, socket } = request;
  return json(200, {
    address: headers["x-forwarded-for"]?.split(",")[0].trim() || headers["x-real-ip"] || socket.remoteAddress,
    forwarded_for: headers["x-forwarded-for"] ?? null,
    real_ip: headers["x-real-ip"] ?? null,
    proto: headers["x-forwarded-proto"] ?? null,
    host: headers.host ?? null,
  });
}

function handshake() {
  const cookies = ["machine_session=demo; Path=/; HttpOnly", "machine_ctx=demo; Path=/"];
  return json(200, { ok: true }, { ...CREDENTIALS, "set-cookie": cookies });
}

/** Demonstration data, once: a second visit changes nothing. */
function devSeed({ database }) {
  database.exec(`INSERT INTO "queue" ("slug", "tenant_id", "name")
    VALUES ('chamados', 'tenant-atlas', 'Chamados') ON CONFLICT ("slug") DO NOTHING;
    INSERT INTO "ticket" ("id", "subject", "queue_slug")
    VALUES (1, 'Impressora sem papel', 'chamados') ON CONFLICT ("id") DO NOTHING`);
  return json(200, database.prepare('SELECT count(*) AS tickets FROM "ticket"').get());
}

export const ROUTES = {
  "GET /": home,
  "GET /api/health": health,
  "GET /api/whoami": whoami,
  "GET /machines/handshake": handshake,
  "GET /dev/seed": devSeed,
  "GET /api/cron/chat-cleanup": cron("chat-cleanup"),
  "GET /api/cron/usb-cleanup": cron("usb-cleanup"),
  "POST /api/machines/register": register,
  "POST /api/machines/heartbeat": heartbeat,
  "POST /api/machines/sessions": handshake,
  "POST /api/auth/sign-in/email": signIn,
};
