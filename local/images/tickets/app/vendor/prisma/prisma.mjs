#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Stands in for the Prisma CLI: `migrate deploy|status|resolve` over SQLite or PostgreSQL, with
// Prisma's table, exit codes and error codes (P1001, P1002, P3009, P3018 …), and nothing else of it.
import { existsSync, readFileSync } from "node:fs";
import { PrismaError } from "./errors.mjs";
import { deploy, resolve, status } from "./migrate.mjs";

const PORTS = { sqlite: "./sqlite.mjs", postgresql: "./postgres.mjs" };

/** Provider of the schema file, and the database behind it. */
async function open() {
  if (existsSync(".env")) process.loadEnvFile(".env");
  const schema = readFileSync("prisma/schema.prisma", "utf8");
  const provider = /provider\s*=\s*"(\w+)"/.exec(schema)?.[1];
  if (!PORTS[provider]) {
    throw new PrismaError("P1012", `provider is one of ${Object.keys(PORTS).join(", ")}`);
  }
  console.log(`prisma (stand-in of the demonstration, ${provider})`);
  const port = await import(PORTS[provider]);
  return port.open(process.env.DATABASE_URL ?? "");
}

async function main([group, command, ...rest]) {
  const flag = /^--(applied|rolled-back)$/.exec(rest[0] ?? "")?.[1];
  const actions = { deploy, status, ...(flag && { resolve }) };
  if (group !== "migrate" || !Object.hasOwn(actions, command)) {
    throw new Error("usage: prisma migrate deploy|status|resolve --applied|--rolled-back NAME");
  }
  const database = await open();
  try {
    process.exitCode = await actions[command](database, { flag, name: rest[1] ?? "" });
  } finally {
    await database.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
