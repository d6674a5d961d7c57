// Everything works without this file. It adds: "/" to search, Ctrl+Enter to submit, shift-click
// ranges, polling of live parts while the tab is visible, and a notice when saving failed.
(() => {
  const query = (selector, root = document) => root.querySelector(selector);
  const queryAll = (selector, root = document) => [...root.querySelectorAll(selector)];

  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "/" && !typing && plain) {
      const search = query("[data-hotkey='/']");
      if (search) { event.preventDefault(); search.focus(); }
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = query("#draft");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    }
  });

  // Scripts may load after somebody began to type: search for what is already in the field.
  addEventListener("DOMContentLoaded", () => {
    const field = document.activeElement;
    const isTyped = field?.matches("input[hx-trigger~=search]") && field.value !== field.defaultValue;
    if (isTyped) field.dispatchEvent(new Event("search"));
  });

  // Only ticks that were made in this tab and are not saved yet are sent, so that people picked in
  // another tab stay picked. A tick is remembered even if a newer list replaces its row.
  const BOXES = "td.pick input[type=checkbox]";
  const unsaved = new Map();
  const markChanged = (box) => unsaved.set(box.value, box.checked);
  addEventListener("change", (event) => {
    const ticks = query("#ticks");
    if (!ticks || !event.target.matches(BOXES)) return;
    markChanged(event.target);
    ticks.dispatchEvent(new Event("picked"));
  });
  addEventListener("formdata", (event) => {
    if (event.target.id !== "draft") return;
    event.formData.delete("shown");
    event.formData.delete("learner");
    unsaved.forEach((isTicked, person) => {
      event.formData.append("shown", person);
      if (isTicked) event.formData.append("learner", person);
    });
  });
  const markSaved = (formData) => {
    const ticked = new Set(formData.getAll("learner"));
    formData.getAll("shown").forEach((person) => {
      if (unsaved.get(person) === ticked.has(person)) unsaved.delete(person);
    });
  };
  const applyUnsaved = (isAsTicked) => queryAll(BOXES).filter((box) => unsaved.has(box.value)).forEach((box) => {
    box.checked = unsaved.get(box.value) === isAsTicked;
  });

  // htmx drops the queued request of an element that an earlier response removed from the page. So a
  // pressed element stays in the page, hidden, until its own response has arrived.
  const pressedElements = new Set();
  document.addEventListener("htmx:confirm", (event) => pressedElements.add(event.detail.elt));
  document.addEventListener("htmx:afterSwap", () => pressedElements.forEach((element) => {
    if (element.isConnected || !query("#waiting")) return;
    element.removeAttribute("id");
    query("#waiting").append(element);
  }));
  document.addEventListener("htmx:afterRequest", (event) => {
    const element = event.detail.requestConfig.elt;
    pressedElements.delete(element);
    if (element.closest("#waiting")) element.remove();
  });

  // The header's box ticks every row of the page; each is then saved as if ticked by hand.
  addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick-page]")) return;
    const boxes = queryAll(BOXES, event.target.closest("table"));
    boxes.forEach((box) => { box.checked = event.target.checked; markChanged(box); });
    if (boxes.length) boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
  });

  // When the search leaves one person, Enter picks that person.
  addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !field.matches || !field.matches("[data-pick-single]")) return;
    const boxes = queryAll("#people td.pick input[type=checkbox]");
    if (boxes.length !== 1 || !field.value) return;
    event.preventDefault();
    boxes[0].checked = true;
    boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
    field.value = "";
    field.dispatchEvent(new Event("search"));
  });

  // A list pasted into the search for one person: offer to match it as a list.
  addEventListener("paste", (event) => {
    const offer = query("#paste_offer");
    if (!offer || !event.target.matches || !event.target.matches("[data-pick-single]")) return;
    const text = event.clipboardData.getData("text/plain");
    const parts = text.split(/[,;\t\r\n]+/).filter((part) => part.trim());
    if (parts.length < 4) return;
    event.preventDefault();
    query("textarea", offer).value = text;
    query("[data-count]", offer).textContent = parts.length.toLocaleString("en");
    offer.hidden = false;
    query("button", offer).focus();
  });

  let last = null;
  addEventListener("click", (event) => {
    const box = event.target.closest(BOXES);
    if (!box) return;
    if (event.shiftKey && last && last !== box && last.isConnected) {
      const boxes = queryAll(BOXES, box.closest("tbody"));
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => {
        if (other.checked === box.checked) return;
        other.checked = box.checked;
        markChanged(other);
      });
    }
    last = box;
    updateHeaders();
  });

  const updateHeaders = () => queryAll("th.pick input").forEach((header) => {
    const boxes = queryAll(BOXES, header.closest("table"));
    const ticked = boxes.filter((box) => box.checked).length;
    header.checked = ticked > 0 && ticked === boxes.length;
    header.indeterminate = ticked > 0 && ticked < boxes.length;
  });

  const focusProblem = () => {
    const problem = query("#err");
    if (problem) problem.focus();
  };

  // A double click on a button that creates something must not submit twice.
  addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !button.matches("[data-once]")) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => queryAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    queryAll("[data-once]", form).forEach((button) => button.removeAttribute("aria-disabled"));
  }));

  const showNotice = (text) => {
    const live = query("#live");
    const place = query("#not-saved");
    if (live) live.textContent = text;
    if (place) { place.hidden = !text; query("p", place).textContent = text; }
  };
  const onFailure = (event) => {
    showNotice("Not saved. Check your connection and try again.");
    if (event.target.id !== "ticks") return;
    applyUnsaved(false);
    unsaved.clear();
    updateHeaders();
  };
  document.addEventListener("htmx:sendError", onFailure);
  document.addEventListener("htmx:timeout", onFailure);
  document.addEventListener("htmx:responseError", onFailure);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    if (event.target.id === "ticks") markSaved(event.detail.requestConfig.formData);
    showNotice("");
  });
  document.addEventListener("htmx:afterSettle", () => { applyUnsaved(true); updateHeaders(); });

  setInterval(() => {
    // Do not replace a live part while its details are open; do not poll in a hidden tab.
    const isOnHold = document.hidden || query("#live-part details[open], details.confirm[open]");
    if (!isOnHold) document.body.dispatchEvent(new Event("tick"));
  }, 2000);
  updateHeaders();
  focusProblem();
})();
