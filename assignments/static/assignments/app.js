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

  // Only rows that were ticked in this tab are sent: what another tab picked must stay picked.
  const BOXES = "td.pick input[type=checkbox]";
  const touch = (box) => { box.dataset.touched = "yes"; };
  addEventListener("change", (event) => {
    if (event.target.matches(BOXES)) touch(event.target);
  }, true);
  addEventListener("formdata", (event) => {
    if (event.target.id !== "draft") return;
    event.formData.delete("shown");
    event.formData.delete("learner");
    all(BOXES).filter((box) => box.dataset.touched).forEach((box) => {
      event.formData.append("shown", box.value);
      if (box.checked) event.formData.append("learner", box.value);
    });
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
    document.body.addEventListener(
      "htmx:afterSettle", () => field.dispatchEvent(new Event("search")), { once: true },
    );
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
    const box = event.target;
    if (box.matches && box.matches("input[type=checkbox]")) box.checked = !box.checked;
    headers();
  };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) note("");
  });
  document.addEventListener("htmx:afterSettle", headers);

  setInterval(() => {
    // What is opened holds still; a hidden tab asks for nothing.
    const holdsStill = document.hidden || one("#live-part details[open], details.confirm[open]");
    if (!holdsStill) document.body.dispatchEvent(new Event("tick"));
  }, 2000);
  headers();
  focusProblem();
})();
