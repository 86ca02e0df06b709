// The migrator's port to SQLite.
import { isAbsolute, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PrismaError } from "./errors.mjs";

// The table as Prisma's schema engine makes it in SQLite.
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
  "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
  "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
  "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`;

export function open(url) {
  const path = url.replace(/^file:/, "");
  if (!url.startsWith("file:") || !path) {
    throw new PrismaError("P1012", "DATABASE_URL is missing or does not start with file:");
  }
  const file = isAbsolute(path) ? path : join(process.cwd(), "prisma", path);
  const database = new DatabaseSync(file, { timeout: 5000 });
  return {
    table: TABLE,
    all: (sql, ...values) => database.prepare(sql).all(...values),
    change: (sql, ...values) => Number(database.prepare(sql).run(...values).changes),
    // As in Prisma, no transaction around it: what ran before the mistake stays.
    script: (sql) => database.exec(sql),
    // Prisma has none for SQLite.
    lock: () => undefined,
    explain: (error) => ({ message: error.message }),
    close: () => database.close(),
  };
}
