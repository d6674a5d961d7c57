// A list pasted into the search for one person: offer to match it as a list.
import { query } from "./dom.js";

const SEPARATORS = /[,;\t\r\n]+/;
const SHORTEST_LIST = 4;

addEventListener("paste", (event) => {
  const offer = query("#paste_offer");
  if (!offer || !event.target.matches?.("[data-pick-single]")) return;
  const text = event.clipboardData.getData("text/plain");
  const entries = text.split(SEPARATORS).filter((entry) => entry.trim());
  if (entries.length < SHORTEST_LIST) return;
  event.preventDefault();
  query("textarea", offer).value = text;
  query("[data-count]", offer).textContent = entries.length.toLocaleString("en");
  offer.hidden = false;
  query("button", offer).focus();
});
