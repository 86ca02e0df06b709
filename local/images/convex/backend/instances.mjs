// The real backend has no lock on its SQLite file, and neither has this one; but it notices
// another one that is alive on the same data, logs it, and records it for tests.
import { randomUUID } from "node:crypto";

const BEAT_MS = 500;

export function joinInstances(database) {
  const id = randomUUID();
  database
    .prepare("INSERT INTO instances (id, started_at) VALUES (?, datetime('now'))")
    .run(id);
  const others = database.prepare(
    "SELECT id, beat FROM instances WHERE id <> ? AND stopped_at IS NULL AND overlapped = 0",
  );
  const beats = new Map(others.all(id).map((row) => [row.id, row.beat]));
  const mark = database.prepare("UPDATE instances SET overlapped = 1 WHERE id = ?");
  const beat = database.prepare("UPDATE instances SET beat = beat + 1 WHERE id = ?");
  const timer = setInterval(() => {
    beat.run(id);
    for (const other of others.all(id)) {
      // A beat that goes on after this instance began means that both are running.
      if (beats.has(other.id) && beats.get(other.id) !== other.beat) {
        mark.run(id);
        beats.delete(other.id);
        console.error("convex: ANOTHER BACKEND IS RUNNING ON THIS DATA: the database is not safe");
      }
    }
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
    database.prepare("UPDATE instances SET stopped_at = datetime('now') WHERE id = ?").run(id);
  };
}

export function listInstances(database) {
  return database
    .prepare("SELECT id, started_at, stopped_at, overlapped FROM instances ORDER BY rowid")
    .all()
    .map((row) => ({ ...row, overlapped: row.overlapped === 1 }));
}
