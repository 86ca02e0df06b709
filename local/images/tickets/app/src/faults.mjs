// What this build was asked to be: a release text, and a fault for rehearsals.
//   none           answers as it should
//   crash          ends with 1 as soon as it starts
//   unhealthy      starts and answers 500 to everything
//   bad-migration  carries a migration that changes a row and then fails
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./environment.mjs";

export const FAULTS = ["none", "crash", "unhealthy", "bad-migration"];

export function readBuild() {
  try {
    return JSON.parse(readFileSync(join(ROOT, "build.json"), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return { release: "source", fault: "none" };
    throw error;
  }
}
