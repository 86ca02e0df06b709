#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Stands in for the Prisma CLI: `migrate deploy|status|resolve` over SQLite, with Prisma's
// table, exit codes and error codes (P3009, P3018, P3012), and nothing else of it.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const MIGRATIONS = join(process.cwd(), "prisma", "migrations");
// The table as Prisma's schema engine makes it in SQLite.
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
  "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
  "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
  "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`;

class PrismaError extends Error {
  constructor(code, message) {
    super(`Error: ${code}\n\n${message}`);
  }
}

function openDatabase() {
  if (existsSync(".env")) process.loadEnvFile(".env");
  const url = process.env.DATABASE_URL ?? "";
  const path = url.replace(/^file:/, "");
  if (!url.startsWith("file:") || !path) {
    throw new PrismaError("P1012", "DATABASE_URL is missing or does not start with file:");
  }
  const file = isAbsolute(path) ? path : join(process.cwd(), "prisma", path);
  const database = new DatabaseSync(file, { timeout: 5000 });
  database.exec(TABLE);
  return database;
}

function readMigrations() {
  if (!existsSync(MIGRATIONS)) return [];
  return readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(MIGRATIONS, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

function refuseAfterFailure(database) {
  const failed = database
    .prepare(
      `SELECT migration_name, started_at FROM _prisma_migrations
       WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY started_at`,
    )
    .get();
  if (!failed) return;
  throw new PrismaError(
    "P3009",
    "migrate found failed migrations in the target database, new migrations will not be applied.\n" +
      `The \`${failed.migration_name}\` migration started at ${failed.started_at} failed`,
  );
}

function pending(database, migrations) {
  const finished = database
    .prepare("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL")
    .all()
    .map((row) => row.migration_name);
  return migrations.filter(({ name }) => !finished.includes(name));
}

function applyMigration(database, migration) {
  const id = randomUUID();
  database
    .prepare(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at)
       VALUES (?, ?, ?, datetime('now'))`,
    )
    .run(id, migration.checksum, migration.name);
  console.log(`Applying migration \`${migration.name}\``);
  try {
    // As in Prisma, no transaction around it: what ran before the mistake stays.
    database.exec(migration.sql);
  } catch (error) {
    database
      .prepare("UPDATE _prisma_migrations SET logs = ? WHERE id = ?")
      .run(error.message, id);
    throw new PrismaError(
      "P3018",
      "A migration failed to apply. New migrations cannot be applied before the error is " +
        `recovered from.\n\nMigration name: ${migration.name}\n\nDatabase error:\n${error.message}`,
    );
  }
  database
    .prepare(
      `UPDATE _prisma_migrations SET finished_at = datetime('now'), applied_steps_count = 1
       WHERE id = ?`,
    )
    .run(id);
}

function deploy() {
  const database = openDatabase();
  const migrations = readMigrations();
  console.log(`${migrations.length} migrations found in prisma/migrations\n`);
  refuseAfterFailure(database);
  const todo = pending(database, migrations);
  for (const migration of todo) applyMigration(database, migration);
  console.log(
    todo.length > 0
      ? "\nAll migrations have been successfully applied."
      : "\nNo pending migrations to apply.",
  );
}

function status() {
  const database = openDatabase();
  refuseAfterFailure(database);
  const todo = pending(database, readMigrations());
  if (todo.length === 0) return console.log("Database schema is up to date!");
  console.log(`Following migrations have not yet been applied:\n${todo.map((m) => m.name).join("\n")}`);
  process.exitCode = 1;
}

function resolveMigration([flag, name]) {
  const database = openDatabase();
  const change =
    flag === "--applied" ? "finished_at = datetime('now')" : "rolled_back_at = datetime('now')";
  const done = database
    .prepare(
      `UPDATE _prisma_migrations SET ${change}
       WHERE migration_name = ? AND finished_at IS NULL AND rolled_back_at IS NULL`,
    )
    .run(name ?? "");
  if (done.changes === 0) {
    throw new PrismaError("P3012", `Migration \`${name}\` is not in a failed state.`);
  }
  console.log(`Migration ${name} marked as ${flag === "--applied" ? "applied" : "rolled back"}.`);
}

console.log("prisma (stand-in of the demonstration, SQLite only)");
const [group, command, ...rest] = process.argv.slice(2);
try {
  if (group === "migrate" && command === "deploy") deploy();
  else if (group === "migrate" && command === "status") status();
  else if (group === "migrate" && command === "resolve" && /^--(applied|rolled-back)$/.test(rest[0])) {
    resolveMigration(rest);
  } else throw new Error("usage: prisma migrate deploy|status|resolve --applied|--rolled-back NAME");
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
