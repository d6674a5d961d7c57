// What htmx could not save is said on the page, and ticks go back to what is saved.
import { query } from "./dom.js";
import { applyUnsavedTicks, forgetSavedTicks, revertUnsavedTicks } from "./unsaved_ticks.js";

const showNotice = (text) => {
  const notice = query("#not-saved");
  // What other scripts announced is not ours to clear.
  if (!notice || notice.hidden === !text) return;
  notice.hidden = !text;
  query("p", notice).textContent = text;
  query("#live").textContent = text;
};

const onFailure = (event) => {
  showNotice("Not saved. Check your connection and try again.");
  if (event.target.id === "ticks") revertUnsavedTicks();
};

document.addEventListener("htmx:sendError", onFailure);
document.addEventListener("htmx:timeout", onFailure);
document.addEventListener("htmx:responseError", onFailure);
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  if (event.target.id === "ticks") forgetSavedTicks(event.detail.requestConfig.formData);
  showNotice("");
});
document.addEventListener("htmx:afterSettle", applyUnsavedTicks);
