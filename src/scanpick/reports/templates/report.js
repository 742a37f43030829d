"use strict";
// Boxes on the contact sheet, on demand.
(() => {
  const boxes = document.getElementById("boxes");
  if (!boxes) return;
  const update = () => document.getElementById("sheet").classList.toggle("with-boxes", boxes.checked);
  boxes.addEventListener("change", update);
  update();
})();
