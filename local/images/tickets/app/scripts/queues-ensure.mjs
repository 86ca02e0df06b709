// Ensures the queues that the application expects; every new ticket falls into "Chamados".
import { loadEnvironment } from "demo-parts";
import { openDatabase } from "../src/database.mjs";

const QUEUES = [
  ["chamados", "Chamados"],
  ["laboratorio", "Laboratório"],
];

const env = loadEnvironment();
const database = openDatabase(env);
const ensure = database.prepare(
  'INSERT INTO "queue" ("slug", "tenant_id", "name") VALUES (?, ?, ?) ON CONFLICT ("slug") DO NOTHING',
);
for (const [slug, name] of QUEUES) {
  const made = ensure.run(slug, env.SEED_TENANT_ID || "tenant-atlas", name).changes > 0;
  console.log(`queues:ensure: ${name} ${made ? "created" : "exists"}`);
}
database.close();
