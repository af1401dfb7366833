// Shows the items that have all the words in them; without this script the lists are whole.
"use strict";
const field = document.getElementById("find-words");
const items = [...document.querySelectorAll("li[data-words]")];
document.getElementById("find").hidden = false;
field.addEventListener("input", () => {
  const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  for (const item of items) {
    const text = item.dataset.words.toLocaleLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
  for (const section of document.querySelectorAll("section"))
    section.hidden = !section.querySelector("li:not([hidden])");
  document.getElementById("found").textContent = String(items.filter((item) => !item.hidden).length);
});
