// What the backend keeps in /convex/data/db.sqlite3: variables, functions, machines, instances.
import { mkdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS variables (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pushes (id TEXT PRIMARY KEY, modules TEXT NOT NULL, finished_at TEXT);
CREATE TABLE IF NOT EXISTS machines (
  id TEXT PRIMARY KEY, hostname TEXT NOT NULL UNIQUE, token TEXT NOT NULL,
  last_heartbeat_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS instances (
  id TEXT PRIMARY KEY, started_at TEXT NOT NULL, stopped_at TEXT,
  beat INTEGER NOT NULL DEFAULT 0, overlapped INTEGER NOT NULL DEFAULT 0);`;

export function openStore(folder) {
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(`${folder}/db.sqlite3`, { timeout: 5000 });
  database.exec(SCHEMA);
  return database;
}

export function readVariables(database) {
  const rows = database.prepare("SELECT name, value FROM variables ORDER BY name").all();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** Source files of the last finished push: [{path, source}]; empty before the first. */
export function deployedModules(database) {
  const last = database
    .prepare("SELECT modules FROM pushes WHERE finished_at IS NOT NULL ORDER BY rowid DESC LIMIT 1")
    .get();
  return last ? JSON.parse(last.modules) : [];
}
