"use strict";
// The viewer: cards of one strategy at a time, made from the data in the page. Names are text, never markup.
(() => {
  const data = JSON.parse(document.getElementById("viewer-data").textContent);
  const sheet = document.getElementById("viewer"), choice = document.getElementById("arm");
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const outlines = (lines, className) => {
    const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 " + data.pixels + " " + data.pixels);
    svg.setAttribute("class", "boxes " + className);
    svg.setAttribute("aria-hidden", "true");
    for (const points of lines) {
      const line = document.createElementNS(space, "polyline");
      line.setAttribute("points", points);
      svg.append(line);
    }
    return svg;
  };
  const card = (pick) => {
    const frame = data.frames[pick.frame];
    const article = make("article", "view"), picture = make("div", "picture"), about = make("div", "about");
    const image = make("img");
    image.src = frame.image;
    image.width = image.height = data.pixels;
    image.alt = "Frame " + pick.frame + " from above";
    picture.append(image, outlines(frame.true, "true"));
    if (pick.predicted) picture.append(outlines(pick.predicted, "predicted"));
    picture.append(make("span", "rank", pick.rank));
    about.append(make("div", "id", pick.frame));
    const where = frame.sequence === pick.frame ? "" : "sequence " + frame.sequence + ", frame " + frame.index + "; ";
    about.append(make("div", "muted small", where + "round " + pick.round), make("div", "small", pick.reason));
    article.append(picture, about);
    return article;
  };
  const show = () => sheet.replaceChildren(...data.arms[Number(choice.value)].picks.map(card));
  data.arms.forEach((arm, place) => choice.append(new Option(arm.name, place)));
  choice.addEventListener("change", show);
  for (const name of ["true", "predicted"]) {
    const box = document.getElementById("show-" + name);
    const update = () => sheet.classList.toggle("no-" + name, !box.checked);
    box.addEventListener("change", update);
    update();
  }
  show();
})();
