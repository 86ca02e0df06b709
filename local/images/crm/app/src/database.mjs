// The backend's PostgreSQL, how old its schema is, and whether it answers.
import { setTimeout as sleep } from "node:timers/promises";
import { migrationNames } from "demo-parts";
import pg from "pg";

const CONNECTIONS = 10;
const LIMIT_MS = 2000;
// A host that restarts starts database and backend together; the first needs its seconds.
const START_LIMIT_MS = 20_000;
const NO_TABLE = "42P01";

export function openPool(env) {
  const pool = new pg.Pool({
    connectionString: env.DATABASE_URL,
    connectionTimeoutMillis: LIMIT_MS,
    max: CONNECTIONS,
  });
  // An idle connection that breaks is replaced at the next query; without this it ends the program.
  pool.on("error", (error) => console.error(`backend: a database connection broke: ${error.message}`));
  return pool;
}

/** Why the database does not answer within the limit; null when it does. */
export async function complaint(pool) {
  const query = pool.query({ text: "SELECT 1", query_timeout: LIMIT_MS }).then(
    () => null,
    (error) => error.message || error.code,
  );
  return Promise.race([query, sleep(LIMIT_MS, "no answer in time", { ref: false })]);
}

/** Waits for the database; the last complaint when it does not come, else null. */
export async function waitFor(pool) {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const reason = await complaint(pool);
    if (reason === null || Date.now() > deadline) return reason;
    await sleep(500);
  }
}

/** Names of this release's migrations that the database has not finished. */
export async function pendingMigrations(pool) {
  try {
    const { rows } = await pool.query(
      "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL",
    );
    const finished = new Set(rows.map((row) => row.migration_name));
    return migrationNames().filter((name) => !finished.has(name));
  } catch (error) {
    if (error.code === NO_TABLE) return migrationNames();
    throw error;
  }
}
