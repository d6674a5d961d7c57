// A menu closes when what was chosen in it is done: it would cover the sentence that says so.
// Lists of values to filter by stay open, as they are loaded and searched by requests of their own.
import { query } from "./dom.js";

document.addEventListener("htmx:afterRequest", (event) => {
  const menu = event.detail.successful && event.detail.requestConfig.elt.closest(".drops .drop[open]:not(.facet)");
  if (!menu) return;
  query("summary", menu).focus();
  menu.open = false;
});
