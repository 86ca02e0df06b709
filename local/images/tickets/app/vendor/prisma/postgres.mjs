// The migrator's port to PostgreSQL; the driver is the application's own dependency.
import pg from "pg";
import { PrismaError } from "./errors.mjs";

const CONNECT_LIMIT_MS = 5000;
// Prisma's own key and patience for "somebody else is migrating".
const LOCK = 72707369;
const LOCK_LIMIT_MS = 10_000;

// The table as Prisma's schema engine makes it in PostgreSQL.
const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

const REFUSALS = {
  "28P01": (at) => ["P1000", `Authentication failed against database server at \`${at}\`.`],
  "3D000": (at, name) => ["P1003", `Database \`${name}\` does not exist on the server at \`${at}\`.`],
};

function readAddress(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    // Not a URL at all; the message below says so without the text, which holds a password.
  }
  if (!/^postgres(ql)?:$/.test(parsed?.protocol ?? "")) {
    throw new PrismaError("P1012", "DATABASE_URL is missing or does not start with postgresql://");
  }
  return { at: `${parsed.hostname}:${parsed.port || 5432}`, name: parsed.pathname.slice(1) };
}

async function connect(url, { at, name }) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  // The query that is cut reports it; without a listener the process would end before it can.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    if (REFUSALS[error.code]) throw new PrismaError(...REFUSALS[error.code](at, name));
    throw new PrismaError(
      "P1001",
      `Can't reach database server at \`${at}\`\n\nPlease make sure your database server is ` +
        `running at \`${at}\`.`,
    );
  }
  return client;
}

export async function open(url) {
  const address = readAddress(url);
  const client = await connect(url, address);

  async function query(sql, values) {
    try {
      return await client.query(sql, values);
    } catch (error) {
      // A refusal by the server has a severity; anything else is a connection that went away.
      if (error.severity && error.severity !== "FATAL") throw error;
      throw new PrismaError("P1017", `Server has closed the connection to \`${address.at}\`.`);
    }
  }
  const numbered = (sql) => {
    let count = 0;
    return sql.replaceAll("?", () => `$${(count += 1)}`);
  };

  async function lock() {
    await query(`SET lock_timeout = ${LOCK_LIMIT_MS}`);
    try {
      await query(`SELECT pg_advisory_lock(${LOCK})`);
    } catch (error) {
      if (error.code !== "55P03") throw error;
      throw new PrismaError(
        "P1002",
        `The database server at \`${address.at}\` was reached but timed out.\n\nContext: Timed out ` +
          `trying to acquire a postgres advisory lock (SELECT pg_advisory_lock(${LOCK})). ` +
          `Elapsed: ${LOCK_LIMIT_MS}ms.`,
      );
    }
    await query("SET lock_timeout = DEFAULT");
  }

  // One simple query: the server runs it as one transaction, unless the script commits by itself.
  async function script(sql) {
    try {
      await query(sql);
    } catch (error) {
      // A script that failed after its own BEGIN would leave a session that takes nothing more.
      if (error.severity) await query("ROLLBACK");
      throw error;
    }
  }

  return {
    table: TABLE,
    all: async (sql, ...values) => (await query(numbered(sql), values)).rows,
    change: async (sql, ...values) => (await query(numbered(sql), values)).rowCount,
    script,
    lock,
    explain: (error) => {
      if (error instanceof PrismaError) throw error;
      return { code: error.code, message: `${error.severity}: ${error.message}` };
    },
    close: () => client.end(),
  };
}
