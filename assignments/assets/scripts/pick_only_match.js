// When the search leaves one person, Enter picks that person.
import { queryAll } from "./dom.js";
import { ROW_BOXES } from "./row_boxes.js";

addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !field.matches?.("[data-pick-single]")) return;
  const boxes = queryAll(`#people ${ROW_BOXES}`);
  if (boxes.length !== 1 || !field.value) return;
  event.preventDefault();
  boxes[0].checked = true;
  boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
  field.value = "";
  field.dispatchEvent(new Event("search"));
});
