// The migrate commands over a database port: {table, all, change, script, lock, explain, close}.
// Statements of our own take `?` for values; a migration is sent as it is, see `script` of each port.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PrismaError } from "./errors.mjs";

const MIGRATIONS = join(process.cwd(), "prisma", "migrations");

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

async function refuseAfterFailure(database) {
  const [failed] = await database.all(
    `SELECT migration_name, CAST(started_at AS TEXT) AS started_at FROM _prisma_migrations
     WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY started_at`,
  );
  if (!failed) return;
  throw new PrismaError(
    "P3009",
    "migrate found failed migrations in the target database, new migrations will not be applied.\n" +
      `The \`${failed.migration_name}\` migration started at ${failed.started_at} failed`,
  );
}

async function pending(database, migrations) {
  const rows = await database.all(
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL",
  );
  const finished = new Set(rows.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !finished.has(name));
}

async function applyMigration(database, migration) {
  const id = randomUUID();
  await database.change(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at)
     VALUES (?, ?, ?, CURRENT_TIMESTAMP)`,
    id, migration.checksum, migration.name,
  );
  console.log(`Applying migration \`${migration.name}\``);
  try {
    await database.script(migration.sql);
  } catch (error) {
    const { code, message } = database.explain(error);
    await database.change("UPDATE _prisma_migrations SET logs = ? WHERE id = ?", message, id);
    throw new PrismaError(
      "P3018",
      "A migration failed to apply. New migrations cannot be applied before the error is " +
        `recovered from.\n\nMigration name: ${migration.name}\n\n` +
        `${code ? `Database error code: ${code}\n\n` : ""}Database error:\n${message}`,
    );
  }
  await database.change(
    `UPDATE _prisma_migrations SET finished_at = CURRENT_TIMESTAMP, applied_steps_count = 1
     WHERE id = ?`,
    id,
  );
}

export async function deploy(database) {
  await database.lock();
  await database.script(database.table);
  const migrations = readMigrations();
  console.log(`${migrations.length} migrations found in prisma/migrations\n`);
  await refuseAfterFailure(database);
  const todo = await pending(database, migrations);
  for (const migration of todo) await applyMigration(database, migration);
  console.log(
    todo.length > 0
      ? "\nAll migrations have been successfully applied."
      : "\nNo pending migrations to apply.",
  );
  return 0;
}

export async function status(database) {
  await database.script(database.table);
  await refuseAfterFailure(database);
  const todo = await pending(database, readMigrations());
  if (todo.length === 0) {
    console.log("Database schema is up to date!");
    return 0;
  }
  console.log(`Following migrations have not yet been applied:\n${todo.map((m) => m.name).join("\n")}`);
  return 1;
}

export async function resolve(database, { flag, name }) {
  await database.lock();
  await database.script(database.table);
  const column = flag === "applied" ? "finished_at" : "rolled_back_at";
  const changed = await database.change(
    `UPDATE _prisma_migrations SET ${column} = CURRENT_TIMESTAMP
     WHERE migration_name = ? AND finished_at IS NULL AND rolled_back_at IS NULL`,
    name,
  );
  if (changed === 0) {
    throw new PrismaError("P3012", `Migration \`${name}\` is not in a failed state.`);
  }
  console.log(`Migration ${name} marked as ${flag === "applied" ? "applied" : "rolled back"}.`);
  return 0;
}
