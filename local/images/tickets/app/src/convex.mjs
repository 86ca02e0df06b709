// Calls functions of the Convex backend over the private network.
const LIMIT_MS = 5000;

export class ConvexError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Runs a mutation and returns its value; a refusal by the function is a ConvexError of 401. */
export async function mutate(env, path, args) {
  let answer;
  try {
    const response = await fetch(`${env.CONVEX_INTERNAL_URL}/api/mutation`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path, args, format: "json" }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    answer = await response.json();
  } catch (error) {
    throw new ConvexError(502, `Convex does not answer at CONVEX_INTERNAL_URL: ${error.message}`);
  }
  if (answer.status === "success") return answer.value;
  const refused = /^(Invalid provisioning secret|Unknown machine token)/.test(answer.errorMessage);
  throw new ConvexError(refused ? 401 : 502, `Convex: ${answer.errorMessage}`);
}
