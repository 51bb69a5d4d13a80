// One line of code that creates a client, as the banner and the documents show it: node snippet.mjs PACKAGE CODE USER EVENT
// It creates the client, sends one event for the user, and prints "ok".
const [name, code, userId, event] = process.argv.slice(2);
const sdk = await import(name);
const client = new Function(...Object.keys(sdk).filter((key) => key !== "default"), `return ${code}`)(
  ...Object.keys(sdk).filter((key) => key !== "default").map((key) => sdk[key]),
);
await client.track({ userId, event });
await client.closeAndFlush?.({ timeout: 20_000 });
console.log(JSON.stringify("ok"));
