// What the demonstrations of applications share: the release they were built to be, their
// variables, their list of migrations, how they answer and how they refuse to start.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// This module is in node_modules/demo-parts or vendor/demo-parts of the application.
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const BUILD = join(ROOT, "build.json");
const MIGRATIONS = join(ROOT, "prisma", "migrations");

/** Records what DEMO_RELEASE and DEMO_FAULT ask the build to be; `faults` are those it knows. */
export function recordBuild(faults) {
  const release = process.env.DEMO_RELEASE || "demo";
  const fault = process.env.DEMO_FAULT || "none";
  if (!faults.includes(fault)) {
    console.error(`build: DEMO_FAULT is one of ${faults.join(", ")}`);
    process.exit(1);
  }
  writeFileSync(BUILD, `${JSON.stringify({ release, fault })}\n`);
  console.log(`build: release ${release}, fault ${fault}`);
  return { release, fault };
}

export function readBuild() {
  try {
    return JSON.parse(readFileSync(BUILD, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return { release: "source", fault: "none" };
    throw error;
  }
}

/** Reads .env as dotenv does: what the process already has wins. */
export function loadEnvironment() {
  const file = join(ROOT, ".env");
  if (existsSync(file)) process.loadEnvFile(file);
  return process.env;
}

/** Names of this release's migrations, oldest first. */
export function migrationNames() {
  return readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

export function addMigration(name, sql) {
  const folder = join(MIGRATIONS, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "migration.sql"), sql);
}

/** Ends the program before it serves, with every reason at once. */
export function refuse(program, reasons) {
  console.error(`${program}: will not start:\n${reasons.map((reason) => `  - ${reason}`).join("\n")}`);
  process.exit(1);
}

export const json = (status, body, headers = {}) => ({
  status,
  body: `${JSON.stringify(body)}\n`,
  headers: { "content-type": "application/json", ...headers },
});

export const escape = (text) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
