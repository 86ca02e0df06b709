import { mutation } from "./_generated/server";
import { ConvexError, v } from "convex/values";

export const register = mutation({
  args: { provisioningSecret: v.string(), hostname: v.string() },
  handler: async (ctx, { provisioningSecret, hostname }) => {
    if (provisioningSecret !== process.env.MACHINE_PROVISIONING_SECRET) {
      throw new ConvexError("Invalid provisioning secret");
    }
    const known = await ctx.db
      .query("machines")
      .withIndex("by_hostname", (q) => q.eq("hostname", hostname))
      .unique();
    const token = crypto.randomUUID();
    if (known) {
      await ctx.db.patch(known._id, { token });
      return { machineId: known._id, machineToken: token };
    }
    const machineId = await ctx.db.insert("machines", { hostname, token, lastHeartbeatAt: 0 });
    return { machineId, machineToken: token };
  },
});

export const heartbeat = mutation({
  args: { machineToken: v.string() },
  handler: async (ctx, { machineToken }) => {
    const machine = await ctx.db
      .query("machines")
      .withIndex("by_token", (q) => q.eq("token", machineToken))
      .unique();
    if (!machine) throw new ConvexError("Unknown machine token");
    await ctx.db.patch(machine._id, { lastHeartbeatAt: Date.now() });
    return { ok: true };
  },
});
