// Copyright: tenantlink.stackone contributors
// SPDX-License-Identifier: GPL-3.0-or-later
// Answers each line {"url", "key", "part", "operation", "request"} with the line {"value"} or {"error"}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const { StackOne } = require("@stackone/stackone-client-ts");

async function run({ url, key, part, operation, request }) {
  const client = new StackOne({ serverURL: url, security: { username: key, password: "" } });
  try {
    const { rawResponse, headers, ...value } = await client[part][operation](request, { timeoutMs: 20000 });
    return { value };
  } catch ({ name, message, statusCode }) {
    return { error: { name, message, statusCode } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))));
}
