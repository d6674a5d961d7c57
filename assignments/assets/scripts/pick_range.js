// Shift and a click give all rows since the last click the state of the clicked one.
import { queryAll } from "./dom.js";
import { ROW_BOXES, updateHeaderBoxes } from "./row_boxes.js";
import { rememberTick } from "./unsaved_ticks.js";

let lastClicked = null;

const rowsBetween = (first, second) => {
  const boxes = queryAll(ROW_BOXES, second.closest("tbody"));
  const [from, to] = [boxes.indexOf(first), boxes.indexOf(second)].sort((a, b) => a - b);
  return boxes.slice(from, to + 1);
};

addEventListener("click", (event) => {
  const clicked = event.target.closest(ROW_BOXES);
  if (!clicked) return;
  if (event.shiftKey && lastClicked?.isConnected) {
    rowsBetween(lastClicked, clicked).filter((box) => box.checked !== clicked.checked).forEach((box) => {
      box.checked = clicked.checked;
      rememberTick(box);
    });
  }
  lastClicked = clicked;
  updateHeaderBoxes();
});
