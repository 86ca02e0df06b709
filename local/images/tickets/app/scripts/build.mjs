// What stands for `next build` here: records the release text and plants the fault asked for.
import { addMigration, recordBuild } from "demo-parts";
import { FAULTS } from "../src/faults.mjs";

const { fault } = recordBuild(FAULTS);
if (fault === "bad-migration") {
  // SQLite keeps the first statement: only a restored backup brings the names back.
  const sql = `UPDATE "user" SET "name" = 'half migrated';\nALTER TABLE "nowhere" ADD COLUMN "x" TEXT;\n`;
  addMigration("20260101000000_broken", sql);
}
