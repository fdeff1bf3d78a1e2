// Before the platform says who somebody is: let it keep this browser's secret, then go there.
import { withStorage } from "./storage.js";

await withStorage(async ({ key, value, next = "" }, ask) => {
  await ask("lti.put_data", { key, value });
  location.replace(next);
});
