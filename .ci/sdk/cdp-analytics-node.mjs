// Every call of @customerio/cdp-analytics-node: node cdp-analytics-node.mjs URL KEY
// It prints one JSON object: how many calls the SDK reported as sent, and the reasons of its failures.
import { Analytics } from "@customerio/cdp-analytics-node";

const [url, key] = process.argv.slice(2);
const analytics = new Analytics({ writeKey: key, host: url, maxEventsInBatch: 100, maxRetries: 0 });
await analytics.ready;
const results = { sent: 0, failed: [] };
const done = (error) => {
  if (error) results.failed.push(String(error.message ?? error));
  else results.sent++;
};
analytics.on("error", () => {}); // each failure also reaches its call's callback

analytics.identify({ userId: "a1", traits: { email: "a1@example.com", plan: "pro" } }, done);
analytics.track({ userId: "a1", event: "Order Completed", properties: { total: 12.5 }, messageId: "a-track" }, done);
analytics.page({ userId: "a1", name: "Pricing", properties: { url: "https://shop.example/pricing" } }, done);
analytics.screen({ userId: "a1", name: "Cart" }, done);
analytics.group({ userId: "a1", groupId: "acme", traits: { objectTypeId: "2", name: "Acme" } }, done);
analytics.alias({ previousId: "a0", userId: "a1" }, done);
analytics.track({ anonymousId: "a-anonymous", event: "Seen" }, done);
analytics.identify({ userId: "a1", anonymousId: "a-anonymous", traits: { plan: "team" } }, done);
await analytics.closeAndFlush({ timeout: 20_000 });
console.log(JSON.stringify(results));
