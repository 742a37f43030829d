"use strict";
// Boxes on the contact sheet, on demand.
(() => {
  const boxes = document.getElementById("boxes");
  if (!boxes) return;
  const sheets = document.querySelectorAll(".sheet");
  const update = () => sheets.forEach((sheet) => sheet.classList.toggle("with-boxes", boxes.checked));
  boxes.addEventListener("change", update);
  update();
})();
