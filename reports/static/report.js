"use strict";
// A filter over the flips; without scripts they are simply listed.
for (const list of document.querySelectorAll("[data-filter]")) {
  const flips = [...list.querySelectorAll(".flip")];
  const rest = list.querySelector(".rest");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const found = document.createElement("output");
  input.type = "search";
  label.className = "filter";
  label.append("Filter flips ", input, found);
  list.prepend(label);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const flip of flips) {
      flip.hidden = !flip.textContent.toLowerCase().includes(wanted);
      shown += !flip.hidden;
    }
    found.textContent = wanted ? ` ${shown} of ${flips.length}` : "";
    if (wanted && rest) rest.open = true;
  });
}
