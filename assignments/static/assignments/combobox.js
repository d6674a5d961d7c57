// A search as a combobox: arrows move, Enter picks, Escape closes. Without this file the list of
// content has a button for each item. What the "free" one offers only completes its text, and Enter
// searches unless an offer was moved to.
(() => {
  const field = () => document.querySelector("[data-combo]");
  const isFree = () => field().dataset.combo === "free";
  const options = () => [...document.querySelectorAll("#options [role=option]")];
  const active = () => options().find((one) => one.getAttribute("aria-selected") === "true");
  const isDisabled = (option) => option.getAttribute("aria-disabled") === "true";
  const say = (text) => { document.querySelector("#live").textContent = text; };

  const activate = (option) => {
    options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    field().setAttribute("aria-activedescendant", option ? option.id : "");
    if (option) option.scrollIntoView({ block: "nearest" });
  };

  const prepare = () => {
    if (!field()) return;
    const found = options();
    field().setAttribute("role", "combobox");
    field().setAttribute("aria-autocomplete", "list");
    field().setAttribute("aria-controls", "option-list");
    field().setAttribute("aria-expanded", String(found.length > 0));
    if (!found.length || active() || isFree()) return;
    activate(found.find((one) => !isDisabled(one)) || found[0]);
    say(`${found.length} found`);
  };

  const close = () => {
    document.querySelector("#options").replaceChildren();
    field().removeAttribute("aria-activedescendant");
    prepare();
  };

  const step = (by) => {
    const found = options();
    if (found.length) activate(found[(found.indexOf(active()) + by + found.length) % found.length]);
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
    // The list is on its way, and nothing is picked that nobody has seen.
    if (!option) return;
    if (isDisabled(option)) say(option.querySelector(".why").textContent);
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
  // What is typed since the list came is not what the list shows.
  addEventListener("input", (event) => { if (event.target === field()) activate(null); });
  // The list is left by a click elsewhere or by Tab, never by the click that picks.
  addEventListener("mousedown", (event) => {
    if (event.target.closest("#option-list")) event.preventDefault();
  });
  addEventListener("focusout", (event) => {
    if (event.target === field() && options().length) close();
  });
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
})();
