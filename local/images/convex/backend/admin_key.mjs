// Admin keys: NAME|hex(01 ‖ nonce of 12 bytes ‖ payload ‖ tag of 16 bytes).
// The real key seals the payload with AES-128-GCM-SIV, which this Node's OpenSSL lacks; here the
// payload is readable and an HMAC-SHA256 authenticates it. The shape is the real one.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const VERSION = Buffer.from([1]);
const TAIL = Buffer.from([0x18, 0x00]);

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function tag(name, secret, nonce, payload) {
  const key = createHmac("sha256", Buffer.from(secret, "hex")).update("admin key").digest();
  return createHmac("sha256", key)
    .update(Buffer.concat([VERSION, Buffer.from(name), nonce, payload]))
    .digest()
    .subarray(0, 16);
}

export function issueKey(name, secret, issuedSeconds) {
  const nonce = randomBytes(12);
  const payload = Buffer.concat([Buffer.from([0x10]), varint(issuedSeconds), TAIL]);
  const sealed = Buffer.concat([VERSION, nonce, payload, tag(name, secret, nonce, payload)]);
  return `${name}|${sealed.toString("hex")}`;
}

export function keyIsValid(name, secret, key) {
  const [owner, hex] = key.split("|");
  const sealed = Buffer.from(hex ?? "", "hex");
  if (owner !== name || sealed.length < 33 || sealed[0] !== 1) return false;
  const nonce = sealed.subarray(1, 13);
  const payload = sealed.subarray(13, -16);
  return timingSafeEqual(sealed.subarray(-16), tag(name, secret, nonce, payload));
}

if (process.argv[1] === import.meta.filename) {
  const { INSTANCE_NAME, INSTANCE_SECRET } = process.env;
  console.log(issueKey(INSTANCE_NAME, INSTANCE_SECRET, Math.floor(Date.now() / 1000)));
}
