// The variables of the backend, and what is wrong with them: names, never values.
const REQUIRED = ["DATABASE_URL", "PORT"];

export function mistakes(env) {
  const found = REQUIRED.filter((name) => !env[name]).map((name) => `${name} is missing`);
  if (env.DATABASE_URL && !/^postgres(ql)?:\/\//.test(env.DATABASE_URL)) {
    found.push("DATABASE_URL has to start with postgresql://");
  }
  if (env.PORT && !/^[1-9]\d{0,4}$/.test(env.PORT)) found.push("PORT has to be a number");
  if (!/^\d*$/.test(env.DRAIN_MS ?? "")) found.push("DRAIN_MS has to be a number of milliseconds");
  return found;
}
