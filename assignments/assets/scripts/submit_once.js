// A double click on a button that creates something must not submit twice.
import { queryAll } from "./dom.js";

addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-once]")) return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  button.setAttribute("aria-disabled", "true");
});

// The back button may show the page as it was left.
addEventListener("pageshow", () => queryAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  queryAll("[data-once]", form).forEach((button) => {
    button.removeAttribute("aria-disabled");
  });
}));
