import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  companies: defineTable({ name: v.string(), provisioningCode: v.optional(v.string()) }).index(
    "by_provisioning_code",
    ["provisioningCode"],
  ),
  machines: defineTable({ hostname: v.string(), token: v.string(), lastHeartbeatAt: v.number() })
    .index("by_hostname", ["hostname"])
    .index("by_token", ["token"]),
});
