// Calls of the vendor's SDK in a pool of promises; prints calls a second and CPU a call as JSON.
import { StackOne } from "@stackone/stackone-client-ts";

const [baseUrl, calls, slots] = process.argv.slice(2);
const key = "Basic " + Buffer.from("sandbox:").toString("base64");
const headers = { authorization: key, "x-account-id": "sandbox", "user-agent": "bench" };
const list = async (path) =>
  (await (await fetch(`${baseUrl}/unified/lms/${path}?page_size=100`, { headers })).json()).data;
const people = (await list("users")).filter((person) => person.active);
const item = (await list("content")).find((one) => one.active);
const api = new StackOne({
  serverURL: baseUrl,
  security: { username: "sandbox", password: "" },
  retryConfig: { strategy: "none" },
});

let next = 0;
const slot = async () => {
  while (next < Number(calls)) {
    const id = people[next++ % people.length].id;
    await api.lms.createUserAssignment({
      xAccountId: "sandbox",
      id,
      lmsCreateAssignmentRequestDto: {
        learningObjectExternalReference: item.external_reference,
        status: { value: "pending" },
      },
    });
  }
};
const began = performance.now();
const used = process.cpuUsage();
await Promise.all(Array.from({ length: Number(slots) }, slot));
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(used);
console.log(
  JSON.stringify({ per_second: calls / seconds, cpu_us: (user + system) / calls, calls: +calls }),
);
