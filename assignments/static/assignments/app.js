// Everything works without this file. It adds: "/" to search, Ctrl+Enter to submit, shift-click
// ranges, a tick for live parts while the tab is visible, and a note when a change was not saved.
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "/" && !typing && plain) {
      const search = one("[data-hotkey='/']");
      if (search) { event.preventDefault(); search.focus(); }
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = one("#draft");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    }
  });

  // Scripts may arrive after the first letters: what was typed by then is searched for as well.
  addEventListener("DOMContentLoaded", () => {
    const field = document.activeElement;
    const isTyped = field?.matches("input[hx-trigger~=search]") && field.value !== field.defaultValue;
    if (isTyped) field.dispatchEvent(new Event("search"));
  });

  // Only ticks that were made in this tab and are not kept yet are sent: what another tab picked must
  // stay picked. They outlive their row, for a list that was on its way may take its place.
  const BOXES = "td.pick input[type=checkbox]";
  const unkept = new Map();
  const touch = (box) => unkept.set(box.value, box.checked);
  addEventListener("change", (event) => {
    const ticks = one("#ticks");
    if (!ticks || !event.target.matches(BOXES)) return;
    touch(event.target);
    ticks.dispatchEvent(new Event("picked"));
  });
  addEventListener("formdata", (event) => {
    if (event.target.id !== "draft") return;
    event.formData.delete("shown");
    event.formData.delete("learner");
    unkept.forEach((isTicked, person) => {
      event.formData.append("shown", person);
      if (isTicked) event.formData.append("learner", person);
    });
  });
  const keep = (sent) => {
    const ticked = new Set(sent.getAll("learner"));
    sent.getAll("shown").forEach((person) => {
      if (unkept.get(person) === ticked.has(person)) unkept.delete(person);
    });
  };
  const show = (isAsTicked) => all(BOXES).filter((box) => unkept.has(box.value)).forEach((box) => {
    box.checked = unkept.get(box.value) === isAsTicked;
  });

  // htmx drops the request of what an answer took away while it waited, and finds no further part of
  // the page for its answer. So what was pressed stays in the page, unseen, until it has its answer.
  const pressed = new Set();
  document.addEventListener("htmx:confirm", (event) => pressed.add(event.detail.elt));
  document.addEventListener("htmx:afterSwap", () => pressed.forEach((element) => {
    if (element.isConnected || !one("#waiting")) return;
    element.removeAttribute("id");
    one("#waiting").append(element);
  }));
  document.addEventListener("htmx:afterRequest", (event) => {
    const element = event.detail.requestConfig.elt;
    pressed.delete(element);
    if (element.closest("#waiting")) element.remove();
  });

  // The header's box ticks the page; each row then saves itself as if it had been ticked by hand.
  addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick-page]")) return;
    const boxes = all(BOXES, event.target.closest("table"));
    boxes.forEach((box) => { box.checked = event.target.checked; touch(box); });
    if (boxes.length) boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Four letters and Enter: when one person is left, Enter picks that person.
  addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !field.matches || !field.matches("[data-pick-single]")) return;
    const boxes = all("#people td.pick input[type=checkbox]");
    if (boxes.length !== 1 || !field.value) return;
    event.preventDefault();
    boxes[0].checked = true;
    boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
    field.value = "";
    field.dispatchEvent(new Event("search"));
  });

  // A list pasted where one person is searched for is offered to be matched as a list.
  addEventListener("paste", (event) => {
    const offer = one("#offer");
    if (!offer || !event.target.matches || !event.target.matches("[data-pick-single]")) return;
    const text = event.clipboardData.getData("text/plain");
    const parts = text.split(/[,;\t\r\n]+/).filter((part) => part.trim());
    if (parts.length < 4) return;
    event.preventDefault();
    one("textarea", offer).value = text;
    one("[data-count]", offer).textContent = parts.length.toLocaleString("en");
    offer.hidden = false;
    one("button", offer).focus();
  });

  let last = null;
  addEventListener("click", (event) => {
    const box = event.target.closest(BOXES);
    if (!box) return;
    if (event.shiftKey && last && last !== box && last.isConnected) {
      const boxes = all(BOXES, box.closest("tbody"));
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => {
        if (other.checked === box.checked) return;
        other.checked = box.checked;
        touch(other);
      });
    }
    last = box;
    headers();
  });

  const headers = () => all("th.pick input").forEach((header) => {
    const boxes = all(BOXES, header.closest("table"));
    const ticked = boxes.filter((box) => box.checked).length;
    header.checked = ticked > 0 && ticked === boxes.length;
    header.indeterminate = ticked > 0 && ticked < boxes.length;
  });

  const focusProblem = () => {
    const problem = one("#err");
    if (problem) problem.focus();
  };

  // A second press of a button that creates something must not send a second form.
  addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !button.matches("[data-once]")) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    all("[data-once]", form).forEach((button) => button.removeAttribute("aria-disabled"));
  }));

  const note = (text) => {
    const live = one("#live");
    const place = one("#not-saved");
    if (live) live.textContent = text;
    if (place) { place.hidden = !text; one("p", place).textContent = text; }
  };
  const failed = (event) => {
    note("Not saved. Check your connection and try again.");
    if (event.target.id !== "ticks") return;
    show(false);
    unkept.clear();
    headers();
  };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    if (event.target.id === "ticks") keep(event.detail.requestConfig.formData);
    note("");
  });
  document.addEventListener("htmx:afterSettle", () => { show(true); headers(); });

  setInterval(() => {
    // What is opened holds still; a hidden tab asks for nothing.
    const holdsStill = document.hidden || one("#live-part details[open], details.confirm[open]");
    if (!holdsStill) document.body.dispatchEvent(new Event("tick"));
  }, 2000);
  headers();
  focusProblem();
})();
