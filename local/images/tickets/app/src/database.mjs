// The application's SQLite file, and how old its schema is.
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { migrationNames } from "demo-parts";
import { databasePath } from "./environment.mjs";

export function openDatabase(env) {
  const database = new DatabaseSync(databasePath(env), { timeout: 5000 });
  database.exec("PRAGMA foreign_keys = ON");
  return database;
}

/** Names of this release's migrations that the database has not finished. */
export function pendingMigrations(env) {
  const names = migrationNames();
  if (!existsSync(databasePath(env))) return names;
  const database = openDatabase(env);
  try {
    const rows = database
      .prepare("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL")
      .all();
    const finished = new Set(rows.map((row) => row.migration_name));
    return names.filter((name) => !finished.has(name));
  } catch (error) {
    if (/no such table/.test(error.message)) return names;
    throw error;
  } finally {
    database.close();
  }
}
