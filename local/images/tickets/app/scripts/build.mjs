// What stands for `next build` here: records the release text and plants the fault asked for.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../src/environment.mjs";
import { FAULTS } from "../src/faults.mjs";

const release = process.env.DEMO_RELEASE || "demo";
const fault = process.env.DEMO_FAULT || "none";
if (!FAULTS.includes(fault)) {
  console.error(`build: DEMO_FAULT is one of ${FAULTS.join(", ")}`);
  process.exit(1);
}
writeFileSync(join(ROOT, "build.json"), `${JSON.stringify({ release, fault })}\n`);
if (fault === "bad-migration") {
  const folder = join(ROOT, "prisma", "migrations", "20260101000000_broken");
  mkdirSync(folder, { recursive: true });
  // SQLite keeps the first statement: only a restored backup brings the names back.
  const sql = `UPDATE "user" SET "name" = 'half migrated';\nALTER TABLE "nowhere" ADD COLUMN "x" TEXT;\n`;
  writeFileSync(join(folder, "migration.sql"), sql);
}
console.log(`build: release ${release}, fault ${fault}`);
