// "/" goes to the search of the page, Ctrl+Enter submits the draft.
import { query } from "./dom.js";

const focusSearch = (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  const search = query("[data-hotkey='/']");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !search) return;
  event.preventDefault();
  search.focus();
};

const submitDraft = (event) => {
  const form = query("#draft");
  if (!form || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit();
};

addEventListener("keydown", (event) => {
  if (event.key === "/") focusSearch(event);
  if (event.key === "Enter") submitDraft(event);
});
