// The functions of the demonstration, as convex/machines.ts of the tickets application has them.
// They run only once a push has brought that file; this process does not run TypeScript.
import { randomUUID } from "node:crypto";
import { deployedModules, readVariables } from "./store.mjs";

const FUNCTIONS = {
  "machines:register": (database, { provisioningSecret, hostname }) => {
    const expected = readVariables(database).MACHINE_PROVISIONING_SECRET;
    if (!expected) throw new Error("MACHINE_PROVISIONING_SECRET is not set in the deployment");
    if (provisioningSecret !== expected) throw new Error("Invalid provisioning secret");
    return database
      .prepare(
        `INSERT INTO machines (id, hostname, token) VALUES (?, ?, ?)
         ON CONFLICT (hostname) DO UPDATE SET token = excluded.token
         RETURNING id AS machineId, token AS machineToken`,
      )
      .get(randomUUID(), String(hostname), randomUUID());
  },
  "machines:heartbeat": (database, { machineToken }) => {
    const { changes } = database
      .prepare("UPDATE machines SET last_heartbeat_at = unixepoch() WHERE token = ?")
      .run(String(machineToken));
    if (changes === 0) throw new Error("Unknown machine token");
    return { ok: true };
  },
};

/** Answers as the real /api/mutation does: 200 with a status, also when the function fails. */
export function runFunction(database, { path, args }) {
  const file = `${String(path).split(":")[0]}.ts`;
  const deployed = deployedModules(database).some((module) => module.path === file);
  try {
    if (!deployed || !FUNCTIONS[path]) {
      throw new Error(`Could not find public function for '${path}'. Did you forget to deploy?`);
    }
    return { status: "success", value: FUNCTIONS[path](database, args ?? {}) };
  } catch (error) {
    return { status: "error", errorMessage: error.message };
  }
}
