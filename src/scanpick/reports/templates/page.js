"use strict";
// The theme follows the system until the reader says otherwise.
(() => {
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % themes.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    button.textContent = "Theme: " + next;
    document.dispatchEvent(new Event("themechange"));
  });
})();

// One tooltip for the page: elements with data-tip, and whoever calls showTip.
const tip = document.getElementById("tip");
function showTip(text, x, y) {
  tip.textContent = text;  // text only: names from data sets are never markup
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(6, Math.min(x + 14, innerWidth - box.width - 6)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18) + "px";
}
function hideTip() { tip.hidden = true; }
for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(enter, (event) => {
    const element = event.target.closest && event.target.closest("[data-tip]");
    if (!element) return;
    const box = element.getBoundingClientRect();
    showTip(element.dataset.tip, box.left + box.width / 2, box.bottom - 8);
  });
  document.addEventListener(leave, (event) => {
    if (event.target.closest && event.target.closest("[data-tip]")) hideTip();
  });
}
