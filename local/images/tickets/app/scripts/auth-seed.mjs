// Ensures users. With SEED_USER_EMAIL only that one, else the two of the demonstration.
// SEED_ENSURE_ONLY=false also puts back the password, name and role of users that exist.
import { randomUUID } from "node:crypto";
import { loadEnvironment } from "demo-parts";
import { openDatabase } from "../src/database.mjs";
import { hashPassword } from "../src/passwords.mjs";

function wantedUsers(env) {
  if (!env.SEED_USER_EMAIL) {
    return [
      { email: "admin@sistema.dev", name: "Administrador", role: "admin", password: "demo-admin" },
      { email: "agente@sistema.dev", name: "Agente", role: "agent", password: "demo-agente" },
    ];
  }
  if (!env.SEED_USER_PASSWORD) {
    console.error("auth:seed: SEED_USER_PASSWORD is missing; nothing was written");
    process.exit(1);
  }
  return [
    {
      email: env.SEED_USER_EMAIL.toLowerCase(),
      name: env.SEED_USER_NAME || env.SEED_USER_EMAIL,
      role: env.SEED_USER_ROLE || "admin",
      password: env.SEED_USER_PASSWORD,
    },
  ];
}

const env = loadEnvironment();
const ensureOnly = (env.SEED_ENSURE_ONLY ?? "true") !== "false";
const database = openDatabase(env);
const find = database.prepare('SELECT "id" FROM "user" WHERE "email" = ?');
const insert = database.prepare(
  'INSERT INTO "user" ("id", "tenant_id", "email", "name", "role", "password") VALUES (?, ?, ?, ?, ?, ?)',
);
const reset = database.prepare(
  'UPDATE "user" SET "name" = ?, "role" = ?, "password" = ? WHERE "email" = ?',
);
for (const user of wantedUsers(env)) {
  const hash = hashPassword(user.password);
  if (!find.get(user.email)) {
    const tenant = env.SEED_TENANT_ID || "tenant-atlas";
    insert.run(randomUUID(), tenant, user.email, user.name, user.role, hash);
    console.log(`auth:seed: ${user.email} created`);
  } else if (ensureOnly) {
    console.log(`auth:seed: ${user.email} exists, left as it is`);
  } else {
    reset.run(user.name, user.role, hash, user.email);
    console.log(`auth:seed: ${user.email} reset`);
  }
}
database.close();
