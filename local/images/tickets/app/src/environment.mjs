// The variables of the application, and what is wrong with them.
import { isAbsolute, join, resolve } from "node:path";
import { ROOT } from "demo-parts";

const REQUIRED = [
  "NEXT_PUBLIC_APP_URL",
  "BETTER_AUTH_URL",
  "NEXT_PUBLIC_CONVEX_URL",
  "CONVEX_INTERNAL_URL",
  "BETTER_AUTH_SECRET",
  "DATABASE_URL",
  "MACHINE_PROVISIONING_SECRET",
];

/** Path of the SQLite file; only absolute paths in /app/data are on the volume. */
export function databasePath(env) {
  const path = (env.DATABASE_URL ?? "").replace(/^file:/, "");
  const data = join(ROOT, "data");
  if (!isAbsolute(path) || !resolve(path).startsWith(`${data}/`)) {
    throw new Error(
      `DATABASE_URL has to be file:${data}/<name>: anything else is not on the volume and is lost`,
    );
  }
  return resolve(path);
}

/** Every reason why the server must not start; names of variables, never values. */
export function mistakes(env) {
  const found = REQUIRED.filter((name) => !env[name]).map((name) => `${name} is missing`);
  if (!env.REPORTS_CRON_SECRET && !env.CRON_SECRET) {
    found.push("REPORTS_CRON_SECRET (or CRON_SECRET) is missing");
  }
  if (env.BETTER_AUTH_SECRET && env.BETTER_AUTH_SECRET.length < 32) {
    found.push("BETTER_AUTH_SECRET is shorter than 32 characters");
  }
  if (env.CONVEX_DEPLOYMENT) {
    found.push("CONVEX_DEPLOYMENT is set, which a self-hosted Convex forbids");
  }
  return found;
}
