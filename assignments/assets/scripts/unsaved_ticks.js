// Only ticks that were made in this tab and are not saved yet are sent, so that people picked in
// another tab stay picked. A tick is remembered even if a newer list replaces its row.
import { query, queryAll } from "./dom.js";
import { ROW_BOXES, updateHeaderBoxes } from "./row_boxes.js";

const unsavedTicks = new Map();

export const rememberTick = (box) => unsavedTicks.set(box.value, box.checked);

const unsavedBoxes = () => queryAll(ROW_BOXES).filter((box) => unsavedTicks.has(box.value));

export const applyUnsavedTicks = () => {
  unsavedBoxes().forEach((box) => {
    box.checked = unsavedTicks.get(box.value);
  });
  updateHeaderBoxes();
};

export const revertUnsavedTicks = () => {
  unsavedBoxes().forEach((box) => {
    box.checked = !unsavedTicks.get(box.value);
  });
  unsavedTicks.clear();
  updateHeaderBoxes();
};

// A box that was changed again during the request stays unsaved.
export const forgetSavedTicks = (formData) => {
  const ticked = new Set(formData.getAll("learner"));
  formData.getAll("shown").forEach((person) => {
    if (unsavedTicks.get(person) === ticked.has(person)) unsavedTicks.delete(person);
  });
};

addEventListener("change", (event) => {
  const ticks = query("#ticks");
  if (!ticks || !event.target.matches(ROW_BOXES)) return;
  rememberTick(event.target);
  ticks.dispatchEvent(new Event("picked"));
});

addEventListener("formdata", (event) => {
  if (event.target.id !== "draft") return;
  event.formData.delete("shown");
  event.formData.delete("learner");
  unsavedTicks.forEach((isTicked, person) => {
    event.formData.append("shown", person);
    if (isTicked) event.formData.append("learner", person);
  });
});
