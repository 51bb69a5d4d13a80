// customerio-node's App API client, and the calls of its Track client that fill segments: node customerio-node-app.mjs URL KEY
// It prints one JSON object: the answer to each call, or the status of its failure.
import { APIClient, TrackClient, IdentifierType } from "customerio-node";

const [url, key] = process.argv.slice(2);
const cio = new APIClient(key, { url: `${url}/v1`, retry: { maxRetries: 0 } });
const track = new TrackClient("site", key, { url: `${url}/api/v1`, retry: { maxRetries: 0 } });
const results = {};
const attempt = async (name, call) => {
  try {
    return (results[name] = await call());
  } catch (error) {
    results[name] = error.statusCode ?? error.status ?? String(error);
  }
};
const pro = { attribute: { field: "plan", operator: "eq", value: "pro" } };

await attempt("byEmail", () => cio.getCustomersByEmail("ann+1@example.com"));
await attempt("attributes", () => cio.getAttributes("ann+1@example.com", IdentifierType.Email));
await attempt("nobody", () => cio.getAttributes("nobody"));
await attempt("many", () => cio.getCustomersAttributes(["u1", "u2", "nobody"]));
await attempt("search", () => cio.searchCustomers({ and: [pro, { not: { attribute: { field: "plan", operator: "exists" } } }] }));
await attempt("page", () => cio.searchCustomers({ attribute: { field: "plan", operator: "exists" } }, { limit: 1 }));
await attempt("next", () => cio.searchCustomers({ attribute: { field: "plan", operator: "exists" } }, { limit: 1, start: results.page.next }));
await attempt("operator", () => cio.searchCustomers({ attribute: { field: "plan", operator: "gt", value: "1" } }));
await attempt("activities", () => cio.getCustomerActivities("u1", { type: "event" }));
await attempt("relationships", () => cio.getCustomerRelationships("u1"));
await attempt("preferences", () => cio.getCustomerSubscriptionPreferences("u1"));

await attempt("segment", () => cio.createSegment({ name: "VIP", description: "of the SDK" }));
await attempt("add", () => track.addCustomersToSegment(results.segment.segment.id, ["u1", "u2"]));
await attempt("remove", () => track.removeCustomersFromSegment(results.segment.segment.id, ["u2"]));
await attempt("members", () => cio.getSegmentMembership(results.segment.segment.id));
await attempt("count", () => cio.getSegmentCustomerCount(results.segment.segment.id));
await attempt("of person", () => cio.getCustomerSegments("u1"));
await attempt("delete", () => cio.deleteSegment(results.segment.segment.id));
await attempt("deleted", () => cio.getSegment(results.segment.segment.id));

await attempt("export", () => cio.createCustomersExport(pro));
for (let i = 0; i < 100 && results.export?.export?.status === "pending"; i++) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  await attempt("export", () => cio.getExport(results.export.export.id));
}
await attempt("link", () => cio.downloadExport(results.export.export.id));
await attempt("file", async () => (await fetch(results.link.url)).text());

await attempt("types", () => cio.listObjectTypes());
await attempt("objects", () => cio.findObjects("1", { object_attribute: { field: "name", operator: "eq", value: "Acme", type_id: "1" } }));
await attempt("object", () => cio.getObjectAttributes("1", "acme"));
await attempt("suppress", () => cio.createSuppression("bounces", "bob@example.com"));
await attempt("suppressed", () => cio.searchSuppression("bob@example.com"));
await attempt("import", () => cio.createImport({ data_file_url: "https://example.com/a.csv", name: "n", type: "people", identifier: "id" }));
await attempt("messages", () => cio.getMessages());
await attempt("campaigns", () => cio.listCampaigns());
await attempt("metrics", () => cio.getCampaignMetrics(1));
await attempt("refused", () => new APIClient("another", { url: `${url}/v1`, retry: { maxRetries: 0 } }).listSegments());

// Every method that only reads, with the id of an object that always exists. Only operations that are not in the API's document of 2025 are allowed to fail.
const failed = {};
let asked = 0;
for (const name of Object.getOwnPropertyNames(APIClient.prototype)) {
  if (!/^(get|list)/.test(name)) continue;
  asked++;
  try {
    await cio[name](1, 1, 1);
  } catch (error) {
    failed[name] = error.statusCode ?? String(error);
  }
}
console.log(JSON.stringify({ results, failed, asked }));
