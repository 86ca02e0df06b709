// Password hashes: scrypt with a salt of 16 bytes, "salt:hash" in hex.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

export function hashPassword(password) {
  const salt = randomBytes(16);
  return `${salt.toString("hex")}:${scryptSync(password, salt, 64).toString("hex")}`;
}

export function verifyPassword(password, stored) {
  const [salt, hash] = stored.split(":").map((part) => Buffer.from(part, "hex"));
  return timingSafeEqual(scryptSync(password, salt, 64), hash);
}

/** Compares two secrets without telling by its time how much of them agrees. */
export function sameSecret(given, expected) {
  if (typeof given !== "string" || !expected) return false;
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
