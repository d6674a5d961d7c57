// The header's box ticks every row of the page; each is then saved as if ticked by hand.
import { queryAll } from "./dom.js";
import { ROW_BOXES } from "./row_boxes.js";
import { rememberTick } from "./unsaved_ticks.js";

addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick-page]")) return;
  const boxes = queryAll(ROW_BOXES, event.target.closest("table"));
  boxes.forEach((box) => {
    box.checked = event.target.checked;
    rememberTick(box);
  });
  if (boxes.length) boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
});
