// htmx drops the queued request of an element that an earlier response removed from the page. So a
// pressed element stays in the page, hidden, until its own response has arrived.
import { query } from "./dom.js";

const pressedElements = new Set();

const keepInPage = (element) => {
  const waiting = query("#waiting");
  if (element.isConnected || !waiting) return;
  element.removeAttribute("id");
  waiting.append(element);
};

document.addEventListener("htmx:confirm", (event) => pressedElements.add(event.detail.elt));
document.addEventListener("htmx:afterSwap", () => pressedElements.forEach(keepInPage));
document.addEventListener("htmx:afterRequest", (event) => {
  const element = event.detail.requestConfig.elt;
  pressedElements.delete(element);
  if (element.closest("#waiting")) element.remove();
});
