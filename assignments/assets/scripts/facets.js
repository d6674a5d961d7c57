// Lists of values to filter by: Escape and a click elsewhere close a list, which applies what changed.
import { query, queryAll } from "./dom.js";

const changedFacets = new WeakSet();
const openFacet = () => query(".facet[open]");

const tickAll = (facet) => {
  const boxes = queryAll(".facet-values input", facet);
  const isTicked = boxes.some((box) => !box.checked);
  boxes.forEach((box) => {
    box.checked = isTicked;
  });
  changedFacets.add(facet);
};

addEventListener("change", (event) => {
  const facet = event.target.closest(".facet");
  if (facet && event.target.name !== "value") changedFacets.add(facet);
});

addEventListener("click", (event) => {
  const facet = event.target.closest(".facet");
  if (facet && event.target.matches("[data-check-all]")) tickAll(facet);
  if (facet && event.target.closest("[data-apply]")) changedFacets.delete(facet);
  if (!facet && openFacet()) openFacet().open = false;
});

addEventListener("keydown", (event) => {
  const facet = event.key === "Escape" && event.target.closest(".facet[open]");
  if (!facet) return;
  event.preventDefault();
  query("summary", facet).focus();
  facet.open = false;
});

// This event does not bubble.
addEventListener("toggle", (event) => {
  const facet = event.target;
  if (!facet.open && changedFacets.has(facet)) query("[data-apply]", facet).click();
}, true);
