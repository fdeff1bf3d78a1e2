// After it: fetch the secret and send the platform's answer again, now proven to be this browser's.
import { withStorage } from "./storage.js";

await withStorage(async ({ key }, ask) => {
  const { value } = await ask("lti.get_data", { key });
  if (typeof value !== "string" || value === "") throw new Error("nothing kept");
  const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-storage] form"));
  /** @type {HTMLInputElement} */ (form.elements.namedItem("kept")).value = value;
  form.submit();
});
