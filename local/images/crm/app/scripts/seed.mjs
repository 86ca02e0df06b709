// Ensures the default organisation and its first contact; what exists is left as it is.
import { loadEnvironment, readBuild } from "demo-parts";
import { openPool } from "../src/database.mjs";

if (readBuild().fault === "bad-seed") {
  console.error("seed: this release was built with a seed that fails; nothing was written");
  process.exit(1);
}
const pool = openPool(loadEnvironment());
const made = await pool.query(`INSERT INTO "organizations" ("slug", "name")
  VALUES ('default', 'Organização padrão') ON CONFLICT ("slug") DO NOTHING`);
await pool.query(`INSERT INTO "contacts" ("organization_id", "phone", "name")
  SELECT "id", '+5511900000000', 'Primeiro contato' FROM "organizations" WHERE "slug" = 'default'
  ON CONFLICT ("organization_id", "phone") DO NOTHING`);
console.log(`seed: default organisation ${made.rowCount > 0 ? "created" : "exists"}`);
await pool.end();
