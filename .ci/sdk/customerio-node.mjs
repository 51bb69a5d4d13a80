// Every call of customerio-node's Pipelines client: node customerio-node.mjs URL KEY strict|permissive
// It prints one JSON object: for each call "ok", or the status of its failure.
import { PipelinesClient } from "customerio-node";

const [url, key, mode] = process.argv.slice(2);
const cio = new PipelinesClient(key, { url: `${url}/v1`, strictMode: mode === "strict", retry: { maxRetries: 0 } });
const results = {};
const attempt = async (name, call) => {
  try {
    await call();
    results[name] = "ok";
  } catch (error) {
    results[name] = error.statusCode ?? error.status ?? String(error);
  }
};

const context = { ip: "192.0.2.1" };
await attempt("identify", () => cio.identify({ userId: "n1", anonymousId: "n-anonymous", traits: { email: "n1@example.com", plan: "pro", gone: null } }));
await attempt("track", () => cio.track({ userId: "n1", event: "Order Completed", properties: { total: 12.5 }, context, timestamp: "2026-01-02T03:04:05Z", messageId: "n-track" }));
await attempt("page", () => cio.page({ userId: "n1", name: "Pricing", properties: { url: "https://shop.example/pricing" } }));
await attempt("screen", () => cio.screen({ userId: "n1", name: "Cart" }));
await attempt("group", () => cio.group({ userId: "n1", groupId: "acme", traits: { objectTypeId: "2", name: "Acme", relationshipAttributes: { role: "admin" } } }));
await attempt("alias", () => cio.alias({ previousId: "n0", userId: "n1" }));
await attempt("device", () => cio.track({ userId: "n1", event: "Device Created or Updated", properties: { model: "x" }, context: { device: { token: "n-token", type: "ios" } } }));
await attempt("batch", () => cio.batch([
  { type: "identify", userId: "n2", traits: { plan: "free" } },
  { type: "track", userId: "n2", event: "Signed Up" },
  { type: "page", userId: "n2", name: "Home", properties: { url: "https://shop.example/" } },
]));
await attempt("oversize", () => cio.track({ userId: "n1", event: "Too Large", properties: { note: "x".repeat(40_000) } }));
await attempt("unknown key", () => new PipelinesClient("not-the-key", { url: `${url}/v1`, strictMode: mode === "strict", retry: { maxRetries: 0 } }).identify({ userId: "n3" }));
console.log(JSON.stringify(results));
