// Parts of the page with hx-trigger="tick from:body" are fetched again every two seconds, but not in
// a hidden tab, and not while somebody reads details that a newer part would close.
import { query } from "./dom.js";

const REFRESH_MS = 2000;

setInterval(() => {
  const isReading = query("#live-part details[open], details.confirm[open]");
  if (!document.hidden && !isReading) document.body.dispatchEvent(new Event("tick"));
}, REFRESH_MS);
