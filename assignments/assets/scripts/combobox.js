// A search field as an ARIA combobox: arrows move, Enter picks, Escape closes. Without scripts the
// list of content has a button for each item. In a "free" field an option only completes the text,
// and Enter searches unless an option is active.
import { query, queryAll } from "./dom.js";

const comboField = () => query("[data-combo]");
const isFreeText = () => comboField().dataset.combo === "free";
const options = () => queryAll("#options [role=option]");
const activeOption = () => options().find((option) => option.getAttribute("aria-selected") === "true");
const isDisabled = (option) => option.getAttribute("aria-disabled") === "true";

const announce = (text) => {
  query("#live").textContent = text;
};

const activate = (option) => {
  options().forEach((other) => {
    other.setAttribute("aria-selected", String(other === option));
  });
  comboField().setAttribute("aria-activedescendant", option ? option.id : "");
  if (option) option.scrollIntoView({ block: "nearest" });
};

const updateCombobox = () => {
  const field = comboField();
  if (!field) return;
  const available = options();
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "option-list");
  field.setAttribute("aria-expanded", String(available.length > 0));
  if (!available.length || activeOption() || isFreeText()) return;
  // A list that arrives late must not change what Enter picks.
  const wasActive = available.find((option) => option.id === field.getAttribute("aria-activedescendant"));
  activate(wasActive || available.find((option) => !isDisabled(option)) || available[0]);
  announce(`${available.length} results`);
};

const closeOptions = () => {
  query("#options").replaceChildren();
  comboField().removeAttribute("aria-activedescendant");
  updateCombobox();
};

const moveBy = (distance) => {
  const available = options();
  const next = available.indexOf(activeOption()) + distance + available.length;
  if (available.length) activate(available[next % available.length]);
  else if (comboField().value && !isFreeText()) comboField().dispatchEvent(new Event("search"));
};

const completeText = (option) => {
  comboField().value = option.dataset.value;
  comboField().focus();
  comboField().dispatchEvent(new Event("input", { bubbles: true }));
};

const pickActive = (event) => {
  const option = activeOption();
  if (isFreeText() && !option) {
    closeOptions();
    return;
  }
  event.preventDefault();
  // The list has not arrived yet: never pick what is not shown.
  if (!option) return;
  if (isDisabled(option)) announce(query(".why", option).textContent);
  else option.click();
};

const ARROWS = { ArrowDown: 1, ArrowUp: -1 };

addEventListener("keydown", (event) => {
  if (event.target !== comboField() || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.key === "Enter") pickActive(event);
  if (event.key === "Escape" && options().length) {
    event.preventDefault();
    closeOptions();
  }
  if (event.key in ARROWS) {
    event.preventDefault();
    moveBy(ARROWS[event.key]);
  }
});

addEventListener("click", (event) => {
  const option = event.target.closest("#option-list [data-value]");
  if (option) completeText(option);
});

// The list belongs to the text before this change.
addEventListener("input", (event) => {
  if (event.target === comboField()) activate(null);
});

// A click on the list must not close it before the option is picked.
addEventListener("mousedown", (event) => {
  if (event.target.closest("#option-list")) event.preventDefault();
});

addEventListener("focusout", (event) => {
  if (event.target === comboField() && options().length) closeOptions();
});

document.addEventListener("htmx:afterSettle", updateCombobox);
updateCombobox();
