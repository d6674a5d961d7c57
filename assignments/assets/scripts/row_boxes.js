// The checkboxes that pick people: one in each row, and one in the header for all rows.
import { queryAll } from "./dom.js";

export const ROW_BOXES = "td.pick input[type=checkbox]";

export const updateHeaderBoxes = () => queryAll("th.pick input").forEach((header) => {
  const boxes = queryAll(ROW_BOXES, header.closest("table"));
  const ticked = boxes.filter((box) => box.checked).length;
  header.checked = ticked > 0 && ticked === boxes.length;
  header.indeterminate = ticked > 0 && ticked < boxes.length;
});

updateHeaderBoxes();
