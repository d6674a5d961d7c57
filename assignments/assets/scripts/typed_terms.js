// What is typed into a field of the terms while an earlier change is being saved stays typed: the
// response that replaces the fields does not have it yet.
import { query } from "./dom.js";

const TYPED_FIELDS = "#terms textarea, #terms input:not([type=radio], [type=hidden])";
const unsavedTexts = new Map();

const restore = (text, name) => {
  const field = query(`#terms [name=${name}]`);
  if (!field || field.value === text) return;
  field.value = text;
  // Browsers report no change of what a script has set.
  field.addEventListener("blur", () => field.dispatchEvent(new Event("change", { bubbles: true })), { once: true });
};

addEventListener("input", (event) => {
  if (event.target.matches(TYPED_FIELDS)) unsavedTexts.set(event.target.name, event.target.value);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { formData } = event.detail.requestConfig;
  unsavedTexts.forEach((text, name) => {
    if (event.detail.successful && formData.get(name) === text) unsavedTexts.delete(name);
  });
});
document.addEventListener("htmx:afterSettle", () => unsavedTexts.forEach(restore));
