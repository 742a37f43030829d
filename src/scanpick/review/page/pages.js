// The other views: how good predictions are, and what a study showed.
import { getJson } from "./data.js";
import { element, number, options } from "./dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const COLOURS = ["var(--labelled)", "var(--a)", "var(--both)", "var(--b)", "var(--pin)", "var(--muted)"];

function shape(kind, attributes, text) {
  const made = document.createElementNS(SPACE, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Lines of { name, points: [[x, y], ...] } over axes that fit them.
export function chart(lines, { across, up, low = null, high = null }) {
  const all = lines.flatMap((line) => line.points), xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)], [bottom, top] = [low ?? Math.min(...ys), high ?? Math.max(...ys)];
  const [w, h, m] = [430, 230, 42];
  const place = ([x, y]) => [m + ((x - left) / (right - left || 1)) * (w - m - 12), h - 34 - ((y - bottom) / (top - bottom || 1)) * (h - 48)];
  const drawn = shape("svg", { viewBox: `0 0 ${w} ${h}`, class: "chart", role: "img" });
  for (let i = 0; i <= 4; i++) {
    const x = left + ((right - left) * i) / 4, y = bottom + ((top - bottom) * i) / 4, [px] = place([x, bottom]), [, py] = place([left, y]);
    drawn.append(shape("line", { x1: m, x2: w - 12, y1: py, y2: py, class: "grid" }), shape("text", { x: m - 6, y: py + 4, "text-anchor": "end" }, number(y, 3)));
    drawn.append(shape("text", { x: px, y: h - 18, "text-anchor": "middle" }, number(x, 3)));
  }
  drawn.append(shape("text", { x: w - 12, y: h - 3, "text-anchor": "end" }, across), shape("text", { x: 2, y: 10 }, up));
  lines.forEach((line, i) => {
    const path = shape("path", { class: "line", d: line.points.map((point, k) => `${k ? "L" : "M"}${place(point).map((one) => one.toFixed(1)).join(" ")}`).join("") });
    path.style.stroke = COLOURS[i % COLOURS.length];
    drawn.append(path);
  });
  const legend = element("p", { class: "legend small" }, ...lines.map((line, i) => {
    const dot = element("i", { class: "swatch" });
    dot.style.background = COLOURS[i % COLOURS.length];
    return element("span", {}, dot, line.name);
  }));
  return element("div", {}, drawn, legend);
}

export function table(head, rows, open = null) {
  return element("table", {}, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { textContent: text })))),
    element("tbody", {}, ...rows.map((cells) => element("tr", open ? { class: "open", on: { click: () => open(cells) } } : {}, ...cells.map((cell) => element("td", { textContent: typeof cell === "number" ? number(cell, 4) : (cell ?? "–") }))))));
}

const section = (title, ...children) => element("section", {}, element("h2", { textContent: title }), ...children);

let evaluatedName = null;
export async function showEvaluation(page, project, open, said) {
  const choice = element("select", { "aria-label": "Predictions", on: { change: () => { evaluatedName = choice.value; show(); } } });
  options(choice, project.predictions.map((name) => [name, name]), evaluatedName ?? project.start.prediction ?? project.predictions[0]);
  evaluatedName = choice.value;
  const body = element("div");
  page.replaceChildren(section("Predictions", choice), body);
  async function show() {
    body.replaceChildren(element("p", { class: "muted", textContent: "Comparing with the labels…" }));
    const name = choice.value;
    let found;
    try {
      found = await getJson("evaluation", { predictions: name });
    } catch (error) {
      if (choice.value !== name) return;
      body.replaceChildren(section("No evaluation", element("p", { textContent: error.message })));
      return;
    }
    if (choice.value !== name) return;  // another one was chosen meanwhile
    said(found.command);
    const parts = [element("div", { class: "columns" },
      section("Average precision, 40 recall positions", table(["class", ...found.columns], found.averages)),
      section("Precision over recall, 3D, moderate", found.curves.length ? chart(found.curves, { across: "recall", up: "precision", low: 0, high: 1 }) : element("p", { class: "muted", textContent: "Nothing matches." })))];
    parts.push(element("div", { class: "columns" }, ...found.breakdowns.map(({ title, head, rows }) => section(title, table(head, rows)))));
    parts.push(section("Frames by their mistakes: click one to see it", table(["frame", "found", "missed", "false"], found.frames, ([id]) => open(id))));
    if (found.diagnosis.length) parts.push(section("Diagnosis", ...found.diagnosis.map((text) => element("p", { textContent: text }))));
    if (found.notes.length) parts.push(section("Notes", ...found.notes.map((text) => element("p", { textContent: text }))));
    body.replaceChildren(...parts);
  }
  await show();
}

export async function showStudy(page) {
  const found = await getJson("study");
  page.replaceChildren(
    section(found.title, element("p", { class: "muted", textContent: found.about })),
    element("div", { class: "columns" }, ...found.charts.map(({ title, lines, across, up }) => section(title, chart(lines, { across, up })))),
    section("Scores", table(found.table.head, found.table.rows)));
}
