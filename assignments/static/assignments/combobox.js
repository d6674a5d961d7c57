// A search field as an ARIA combobox: arrows move, Enter picks, Escape closes. Without this file the
// list of content has a button for each item. In a "free" field an option only completes the text,
// and Enter searches unless an option is active.
(() => {
  const field = () => document.querySelector("[data-combo]");
  const isFree = () => field().dataset.combo === "free";
  const options = () => [...document.querySelectorAll("#options [role=option]")];
  const active = () => options().find((option) => option.getAttribute("aria-selected") === "true");
  const isDisabled = (option) => option.getAttribute("aria-disabled") === "true";
  const announce = (text) => { document.querySelector("#live").textContent = text; };

  const activate = (option) => {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    field().setAttribute("aria-activedescendant", option ? option.id : "");
    if (option) option.scrollIntoView({ block: "nearest" });
  };

  const prepare = () => {
    if (!field()) return;
    const available = options();
    field().setAttribute("role", "combobox");
    field().setAttribute("aria-autocomplete", "list");
    field().setAttribute("aria-controls", "option-list");
    field().setAttribute("aria-expanded", String(available.length > 0));
    if (!available.length || active() || isFree()) return;
    activate(available.find((option) => !isDisabled(option)) || available[0]);
    announce(`${available.length} results`);
  };

  const close = () => {
    document.querySelector("#options").replaceChildren();
    field().removeAttribute("aria-activedescendant");
    prepare();
  };

  const step = (by) => {
    const available = options();
    const next = available.indexOf(active()) + by + available.length;
    if (available.length) activate(available[next % available.length]);
    else if (field().value && !isFree()) field().dispatchEvent(new Event("search"));
  };

  const complete = (option) => {
    field().value = option.dataset.value;
    field().focus();
    field().dispatchEvent(new Event("input", { bubbles: true }));
  };

  const pick = (event) => {
    const option = active();
    if (isFree() && !option) { close(); return; }
    event.preventDefault();
    // The list has not arrived yet: never pick what is not shown.
    if (!option) return;
    if (isDisabled(option)) announce(option.querySelector(".why").textContent);
    else option.click();
  };

  const KEYS = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: pick };
  addEventListener("keydown", (event) => {
    if (event.target !== field() || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && options().length) { event.preventDefault(); close(); return; }
    const act = KEYS[event.key];
    if (act && act !== pick) event.preventDefault();
    if (act) act(event);
  });
  addEventListener("click", (event) => {
    const option = event.target.closest("#option-list [data-value]");
    if (option) complete(option);
  });
  // The list belongs to the text before this change.
  addEventListener("input", (event) => { if (event.target === field()) activate(null); });
  // A click on the list must not close it before the option is picked.
  addEventListener("mousedown", (event) => {
    if (event.target.closest("#option-list")) event.preventDefault();
  });
  addEventListener("focusout", (event) => {
    if (event.target === field() && options().length) close();
  });
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
})();
