// The page: what is shown lies in `state`, which the address holds, too; every change goes through `show` or `open`.
import { CloudView, EDGES } from "./cloud.js";
import { getBlob, getJson, getPacked, postJson, postPacked, unpack } from "./data.js";
import { $, element, facts, message, number, options } from "./dom.js";
import { colourOf, css, forgetColours, isDark, named, rampCss, ramp } from "./gl.js";
import { PoolMap } from "./map.js";
import { showEvaluation, showStudy } from "./pages.js";
import { Strip } from "./strip.js";

const DEFAULTS = { tab: "review", map: "", embedding: "", colour: "role", view: "orbit", points: "height", size: "2", score: "0.3", sweeps: "0", selection: "", against: "", first: "", frame: "", off: "", list: "picks" };
const state = { ...DEFAULTS };
const PREVIEW = "(preview)";
const KEYS = [
  ["J / K", "next or previous in the list"], ["← / →", "the frame before or after in time"], ["Space", "play"], ["A / X / P", "accept, reject, pin; again takes it back"],
  ["R", "give a reason"], ["G", "give a tag"], ["1 / 2 / 3", "orbit, from above, from the sensor"], ["B", "boxes on or off"], ["M", "measure a distance"], ["L", "lasso; Shift and drag draws a box"],
  ["0", "the whole map"], ["C", "next colour of the points"], ["N", "new selection"], ["/", "find a frame"], ["T", "light or dark"], ["?", "this sheet"], ["Esc", "close, or let go of what is chosen"],
];
let project, frames, map, cloud, strip, preview = null, playing = null, opening = 0, controller = null;
let A = null, B = null, chosen = [], found = [], row = -1, about = null, column = null, boxSets = [], decisions = new Map();
const selections = new Map();
const clouds = new Map();

start().catch((error) => lock(error));

function lock(error) {
  $("locked").hidden = false;
  $("locked").textContent = error.status === 403
    ? "This page needs the link that scanpick view printed.\n\nOpen it once, and links of reports lead here, too."
    : `${error.message}`;
  if (!error.status) console.error(error);
}

async function start() {
  project = await getJson("project");
  readAddress();
  document.title = `${project.name} · scanpick`;
  $("project").textContent = `${project.name} · ${number(project.frames)} frames`;
  if (state.data && state.data !== project.data) message("This link is about another project than the one that is served here.", true);
  for (const [name, value] of Object.entries(project.start)) if (!state[name] && name !== "prediction") state[name] = value;
  frames = await getPacked("frames");
  map = new PoolMap($("map"), $("map-over"), { hover: hoverMap, open, chosen: chooseRows });
  cloud = new CloudView($("cloud"), $("cloud-over"), { box: showBox });
  strip = new Strip($("strip"), { open });
  strip.set({ times: frames.time, usable: frames.usable });
  controls();
  await Promise.all([showMap(), showSelections()]);
  await showColour();
  document.body.dataset.mapMs = Math.round(performance.now());
  const [wanted] = state.frame ? (await getJson("find", { id: state.frame, exact: 1 })).rows : [];
  const first = wanted ?? A?.rows[0] ?? frames.usable.indexOf(1);
  if (state.frame && wanted === undefined) message(`There is no frame ${state.frame}.`, true);
  if (first >= 0) await open(first);
  document.body.dataset.ready = "yes";
  showTab().catch(fail);
  setInterval(lookAgain, 5000);
}

// The address

function readAddress() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (name in DEFAULTS || name === "data") state[name] = value;
}

function writeAddress() {
  const said = new URLSearchParams({ data: project.data });
  for (const [name, value] of Object.entries(state)) if (name !== "data" && value !== DEFAULTS[name] && value !== PREVIEW) said.set(name, value);
  history.replaceState(null, "", `${location.pathname}#${said}`);
}

// Controls

function controls() {
  const press = (id, action) => $(id).addEventListener("click", action);
  const change = (id, action) => $(id).addEventListener("change", () => Promise.resolve(action($(id).value)).catch(fail));
  const study = project.study, evaluated = project.predictions.length > 0;
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.hidden = !(tab.dataset.tab === "review" || (tab.dataset.tab === "study" ? study : evaluated));
    tab.addEventListener("click", () => { state.tab = tab.dataset.tab; showTab().catch(fail); });
  }
  const names = { pca: "PCA", umap: "UMAP", route: "Route" };
  $("map-methods").replaceChildren(...project.maps.map((name) => element("button", {
    type: "button", textContent: names[name], title: name === "umap" ? "Neighbourhoods" : name === "route" ? "Where the vehicle was" : "Distances",
    "data-map": name, on: { click: () => { state.map = name; showMap().catch(fail); } },
  })));
  options($("embedding"), project.embeddings.map((name) => [name, name]), state.embedding);
  $("embedding").hidden = project.embeddings.length < 2;
  options($("colour"), [["role", "role"], ["sequence", "sequence"], ["distance", "distance to a pick"], ...project.columns.map((name) => [`column:${name}`, name])], state.colour);
  change("embedding", (name) => { state.embedding = name; return showMap().then(showNearest); });
  change("colour", (name) => { state.colour = name; return showColour(); });
  change("selection", (name) => { state.selection = name; state.first = ""; return showSelections(); });
  change("against", (name) => { state.against = name; return showSelections(); });
  change("sequence", (name) => open(sequenceRows(Number(name))[0]));
  change("points", (name) => { state.points = cloud.mode = name; cloud.draw(); writeAddress(); });
  change("sweeps", (name) => { state.sweeps = name; clouds.clear(); return open(row); });
  $("points").value = cloud.mode = state.points;
  $("size").value = cloud.size = Number(state.size);
  $("size").addEventListener("input", () => { cloud.size = Number($("size").value); state.size = $("size").value; cloud.draw(); writeAddress(); });
  $("score").value = state.score;
  $("score").addEventListener("input", () => { state.score = $("score").value; showBoxes(); writeAddress(); });
  $("first").addEventListener("input", () => { state.first = $("first").value === $("first").max ? "" : $("first").value; showMarks(); showList(); writeAddress(); });
  for (const button of document.querySelectorAll("#views button")) button.addEventListener("click", () => setView(button.dataset.view));
  setView(state.view);
  press("lasso", () => toggleTool("lasso"));
  press("measure", () => toggleTool("measure"));
  press("map-reset", () => map.fit());
  press("play", togglePlay);
  press("back", () => step(-1));
  press("forward", () => step(1));
  press("theme", toggleTheme);
  press("help", () => $("keys").showModal());
  press("reselect", openSelecting);
  press("copy", () => navigator.clipboard?.writeText($("command").textContent).then(() => message("Copied.")));
  facts($("key-list"), KEYS.map(([keys, what]) => [what, element("span", {}, ...keys.split(" / ").flatMap((key, i) => [i ? " " : "", element("kbd", { textContent: key })]))]));
  $("reselect").hidden = !project.editable || !project.embeddings.length;
  for (const button of document.querySelectorAll("#decide [data-decision]")) button.addEventListener("click", () => decide(button.dataset.decision));
  $("reason").addEventListener("keydown", (event) => { if (event.key === "Enter") { sendDecision({ reason: $("reason").value }); $("reason").blur(); } });
  let typing = null;
  $("find").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 200); });
  $("find").addEventListener("keydown", (event) => { if (event.key === "Enter" && found.length) open(found[0].row); });
  selectForm();
  document.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);
  addEventListener("hashchange", () => location.reload());
}

function onKey(event) {
  if (event.target.matches?.("input:not([type=range], [type=checkbox]), select, textarea") || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape") event.target.blur?.();
    return;
  }
  const colours = [...$("points").options].map((one) => one.value);
  const act = {
    j: () => stepList(1), k: () => stepList(-1), ArrowRight: () => step(1), ArrowLeft: () => step(-1), " ": togglePlay,
    a: () => decide("accept"), x: () => decide("reject"), p: () => decide("pin"), r: () => $("reason").focus(), g: () => $("tags").querySelector("input")?.focus(),
    1: () => setView("orbit"), 2: () => setView("top"), 3: () => setView("driver"), b: toggleBoxes, m: () => toggleTool("measure"), l: () => toggleTool("lasso"), 0: () => map.fit(),
    c: () => { $("points").value = state.points = cloud.mode = colours[(colours.indexOf(cloud.mode) + 1) % colours.length]; cloud.draw(); writeAddress(); },
    n: () => $("reselect").hidden || openSelecting(), "/": () => $("find").focus(), t: toggleTheme, "?": () => $("keys").showModal(),
    Escape: () => { cloud.select(null); chooseRows([]); if (map.tool === "lasso") toggleTool("lasso"); if (cloud.tool === "measure") toggleTool("measure"); },
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); act(); }
}

function toggleTool(name) {
  const view = name === "lasso" ? map : cloud, on = view.tool !== name;
  view.setTool(on ? name : name === "lasso" ? "pan" : "look");
  $(name).setAttribute("aria-pressed", on);
}

function toggleTheme() {
  const dark = !isDark();
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  localStorage.setItem("scanpick theme", dark ? "dark" : "light");
  themed();
}

function themed() {
  forgetColours();
  cloud.themed();
  showBoxToggles();
  showBoxes();
  showColour().catch(fail);
  strip.draw();
  if (state.tab !== "review") showTab().catch(fail);
}

function setView(view) {
  state.view = view;
  cloud.setView(view);
  for (const button of document.querySelectorAll("#views button")) button.setAttribute("aria-pressed", button.dataset.view === view);
  writeAddress();
}

// The map

async function showMap() {
  const methods = project.maps;
  $("map-empty").hidden = methods.length > 0;
  $("map-empty").textContent = project.kind === "dataset" ? "A map needs vectors of the frames.\nscanpick pick makes a workspace with them." : "No embedding yet.\nMake one with: scanpick embed";
  if (!methods.length) { map.setPositions(new Float32Array(2 * frames.header.count).fill(NaN)); return; }
  if (!methods.includes(state.map)) state.map = methods[0];
  if (!project.embeddings.includes(state.embedding)) state.embedding = project.embeddings[0] ?? "";
  const wanted = state.map;
  if (wanted === "umap") message("Drawing neighbourhoods…");
  try {
    const { positions } = await getPacked("map", { method: wanted, embedding: state.embedding });
    if (wanted === state.map) { map.setPositions(positions); showMarks(); message(""); }
  } catch (error) {
    if (wanted === methods[0]) throw error;
    fail(error);
    state.map = methods[0];
    await showMap();
  }
  for (const button of $("map-methods").children) button.setAttribute("aria-pressed", button.dataset.map === state.map);
  writeAddress();
}

async function showColour() {
  const name = state.colour;
  column = null;
  if (name.startsWith("column:")) column = await getPacked("column", { name: name.slice(7) });
  else if (name === "sequence") column = { header: { names: frames.header.sequences }, values: Float32Array.from(frames.sequence) };
  else if (name === "distance") column = { header: { names: null }, values: distancesToPicks() };
  const count = frames.header.count, colours = new Uint8Array(4 * count), grey = bytes(colourOf("--pool"));
  const aside = bytes(colourOf("--line"));
  let legend = [];
  if (!column) for (let i = 0; i < count; i++) colours.set(frames.usable[i] ? grey : aside, 4 * i);
  else if (column.header.names) {
    const palette = column.header.names.map((_, i) => bytes(named(i)));
    for (let i = 0; i < count; i++) colours.set(palette[column.values[i]] ?? aside, 4 * i);
    legend = column.header.names.slice(0, 6).map((text, i) => [css(named(i)), text || "(empty)"]);
    if (column.header.names.length > 6) legend.push(["", `and ${column.header.names.length - 6} more`]);
  } else {
    const shown = column.values.filter(Number.isFinite).sort(), low = shown[Math.floor(shown.length * 0.01)] ?? 0, high = shown[Math.floor(shown.length * 0.99)] ?? 1, table = ramp();
    for (let i = 0; i < count; i++) {
      const at = Number.isFinite(column.values[i]) ? Math.round(255 * Math.min(1, Math.max(0, (column.values[i] - low) / (high - low || 1)))) : -1;
      colours.set(at < 0 ? aside : table.subarray(4 * at, 4 * at + 4), 4 * i);
    }
    legend = [["ramp", `${number(low)} to ${number(high)}`]];
  }
  map.setColours(colours);
  showMarks(legend);
  strip.set({ values: column && !column.header.names ? column.values : null });
  writeAddress();
}

const bytes = (colour) => [...colour.map((one) => Math.round(one * 255)), 255];

function distancesToPicks() {
  const far = new Float32Array(frames.header.count).fill(NaN);
  if (!A || !map.positions) return far;
  const picks = shownPicks();
  for (let i = 0; i < far.length; i++) {
    let least = Infinity;
    for (const pick of picks) least = Math.min(least, (map.positions[2 * i] - map.positions[2 * pick]) ** 2 + (map.positions[2 * i + 1] - map.positions[2 * pick + 1]) ** 2);
    if (Number.isFinite(least)) far[i] = Math.sqrt(least);
  }
  return far;
}

let legendOfColour = [];
function showMarks(legend) {
  if (legend) legendOfColour = legend;
  const first = shownPicks(), second = new Set(B ? B.rows.slice(0, first.length) : []), own = new Set(first), rows = [], colours = [];
  const add = (one, name) => { rows.push(one); colours.push(...bytes(colourOf(name))); };
  if (A) for (const one of A.labelled.slice(0, 20000)) add(one, "--labelled");
  let both = 0;
  for (const one of first) if (!second.has(one)) add(one, "--a");
  for (const one of second) { if (own.has(one)) both++; add(one, own.has(one) ? "--both" : "--b"); }
  for (const one of chosen) add(one, "--accent");
  map.setMarks(rows, new Uint8Array(colours));
  $("overlap").textContent = B ? `${both} in both · ${first.length - both} only left · ${second.size - both} only right` : A ? cost(first.length) : "";
  $("first-text").textContent = first.length;
  const marks = B ? [["--a", `only ${A.header.name}`], ["--b", `only ${B.header.name ?? PREVIEW}`], ["--both", "both"]] : A ? [["--a", "picked"]] : [];
  if (A?.labelled.length) marks.push(["--labelled", "labelled already"]);
  if (chosen.length) marks.push(["--accent", `${chosen.length} in the lasso`]);
  const swatch = (colour, text) => {
    const dot = element("i", { class: colour === "ramp" ? "ramp" : "swatch" });
    dot.style.background = colour === "ramp" ? rampCss() : colour;
    return element("span", {}, colour ? dot : null, text);
  };
  $("legend").replaceChildren(...legendOfColour.map(([colour, text]) => swatch(colour, text)), ...marks.map(([name, text]) => swatch(`var(${name})`, text)));
  showStrip();
}

function cost(count) {
  const unit = A.header.summary.unit;
  if (!unit || unit === "frames") return "";
  return `${number(A.costs.slice(0, count).reduce((sum, one) => sum + one, 0))} ${unit}`;
}

function costOf(selection, at) {
  const unit = selection.header.summary.unit ?? "frames", spent = selection.costs[at];
  return `${number(spent)} ${spent === 1 ? unit.replace(/s$/, "") : unit}`;
}

const shownPicks = () => (A ? [...A.rows.slice(0, state.first === "" ? A.rows.length : Number(state.first))] : []);

function hoverMap(one, x, y) {
  const tip = $("map-tip");
  tip.hidden = one < 0;
  if (one < 0) return;
  tip.style.left = `${Math.min(x + 14, $("map-stage").clientWidth - 170)}px`;
  tip.style.top = `${y + 14}px`;
  const rank = A ? A.rows.indexOf(one) + 1 : 0, value = column && (column.header.names ? column.header.names[column.values[one]] : number(column.values[one]));
  tip.textContent = [`${frames.header.sequences[frames.sequence[one]]}, ${number(frames.time[one])} s`, rank ? `pick ${rank}` : "", value ?? ""].filter(Boolean).join("\n");
}

function chooseRows(rows) {
  chosen = rows;
  if (rows.length) state.list = "chosen";
  else if (state.list === "chosen") state.list = "picks";
  showMarks();
  showList();
}

// Selections

async function loadSelection(name) {
  if (!name) return null;
  if (name === PREVIEW) return preview;
  const loaded = selections.get(name) ?? await getPacked("selection", { name });
  selections.set(name, loaded);
  return loaded;
}

async function showSelections() {
  const names = project.selections;
  if (!names.includes(state.selection)) state.selection = names[0] ?? "";
  if (state.against !== PREVIEW && !names.includes(state.against)) state.against = "";
  options($("selection"), names.length ? names.map((name) => [name, name]) : [["", "no selection"]], state.selection);
  options($("against"), [["", "compare with…"], ...names.filter((name) => name !== state.selection).map((name) => [name, name]), ...(preview ? [[PREVIEW, "preview"]] : [])], state.against);
  $("selection-bar").hidden = project.kind === "dataset";
  $("budget-bar").hidden = !names.length;
  document.querySelector(".swatch.b").hidden = !state.against;
  [A, B] = await Promise.all([loadSelection(state.selection), loadSelection(state.against)]);
  $("first").max = A ? A.rows.length : 0;
  $("first").value = state.first === "" ? $("first").max : state.first;
  if (A?.header.gone) message(`${A.header.gone} picks are no longer in the project.`, true);
  await loadDecisions();
  showMarks();
  if (state.colour === "distance" && map.colours) await showColour();
  showList();
  if (about) { await showAbout(); showDecision(); }
  writeAddress();
}

async function loadDecisions() {
  const selection = state.selection, now = selection ? await getJson("decisions", { selection }) : { decisions: [] };
  if (selection === state.selection) keepDecisions(now);
}

function keepDecisions({ decisions: all }) { decisions = new Map(all.map((one) => [one.row, one])); }

function lists() {
  const picks = shownPicks().map((one, i) => ({ row: one, rank: i + 1, value: Number.isFinite(A.distances[i]) ? A.distances[i] : A.gains[i] }));
  const all = { picks };
  if (B) {
    const second = B.rows.slice(0, picks.length), own = new Set(picks.map((one) => one.row)), others = new Set(second);
    all["only left"] = picks.filter((one) => !others.has(one.row));
    all["only right"] = [...second].map((one, i) => ({ row: one, rank: i + 1, value: B.distances[i] })).filter((one) => !own.has(one.row));
  }
  if (chosen.length) all.chosen = chosen.map((one) => ({ row: one, rank: "" }));
  if (found.length) all.found = found.map((one) => ({ ...one, rank: "" }));
  if (decisions.size) all.decided = [...decisions.values()].map((one) => ({ row: one.row, frame_id: one.frame_id, rank: "" }));
  return all;
}

const LIST_NAMES = { picks: "Picks", drive: "Sequence", chosen: "Lasso", found: "Found", decided: "Decided", "only left": "Only left", "only right": "Only right" };
const ids = new Map();

// Labels whose ids are not known yet; all of a list are asked for at once.
async function fillIds(labels) {
  const unknown = [...labels.keys()].filter((one) => !ids.has(one));
  if (unknown.length) {
    const { frame_ids: named } = await getJson("ids", { rows: unknown.join(",") });
    unknown.forEach((one, i) => ids.set(one, named[i]));
  }
  for (const [one, label] of labels) label.title = label.textContent = ids.get(one);
}

function currentList() {
  const all = lists();
  return all[state.list] ?? (A ? all.picks : sequenceRows(frames.sequence[row]).map((one) => ({ row: one })));
}

function showList(most = 200) {
  const all = lists();
  if (!A) {
    delete all.picks;
    if (row >= 0) all.drive = sequenceRows(frames.sequence[row]).map((one, i) => ({ row: one, rank: i + 1 }));
  }
  if (!(state.list in all)) state.list = Object.keys(all)[0] ?? "picks";
  $("list-tabs").replaceChildren(...Object.entries(all).map(([name, rows]) => element("button", {
    type: "button", role: "tab", "aria-selected": name === state.list, textContent: `${LIST_NAMES[name]} ${number(rows.length)}`,
    on: { click: () => { state.list = name; showList(); } },
  })));
  const rows = all[state.list] ?? [], unnamed = new Map();
  $("list").replaceChildren(...rows.slice(0, most).map((one) => {
    const decision = decisions.get(one.row), label = element("span", { class: "id", textContent: one.frame_id ?? ids.get(one.row) ?? "" });
    if (!label.textContent) unnamed.set(one.row, label);
    return element("li", { class: `${one.row === row ? "current" : ""} ${decision?.decision ?? ""}`, "data-row": one.row, on: { click: () => open(one.row) } },
      element("span", { class: "rank", textContent: one.rank }), label,
      element("span", { class: `mark ${decision?.decision ?? ""}`, textContent: decision ? decision.decision || decision.tags.join(", ") : "" }),
      element("span", { class: "value", textContent: !Number.isFinite(one.value) ? "" : number(one.value) }));
  }));
  if (rows.length > most) $("list").append(element("li", { class: "more", textContent: `${number(rows.length - most)} more…`, on: { click: () => showList(most * 5) } }));
  fillIds(unnamed).catch(fail);
}

async function find() {
  const text = $("find").value.trim();
  found = text ? (await getJson("find", { id: text }).catch(() => ({ found: [] }))).found : [];
  state.list = found.length ? "found" : "picks";
  if (text && !found.length) message(`No frame has "${text}" in its id.`, true); else message("");
  showList();
}

// A frame

async function open(one) {
  if (one === undefined || one < 0) return;
  const mine = ++opening, began = performance.now();
  const before = row;
  row = one;
  if (!A && frames.sequence[before] !== frames.sequence[one]) showList();
  map.setCurrent(one);
  for (const item of $("list").children) item.classList?.toggle("current", Number(item.dataset.row) === one);
  $("list").querySelector(".current")?.scrollIntoView({ block: "nearest" });
  showStrip();
  controller?.abort();
  controller = new AbortController();
  const { signal } = controller;
  const asked = getJson("boxes", { row: one, predictions: project.predictions }, { signal });
  asked.catch(() => {});
  try {
    const points = await cloudOf(one);
    if (mine !== opening) return;
    boxSets = [];
    cloud.setBoxes([]);
    cloud.setCloud(points);
    const { count, shown, joined } = points.header, parts = [`${number(count)} points`];
    if (shown < count) parts.push(`${number(shown)} of them drawn`);
    if (joined.length) parts.push(`${joined.length + 1} sweeps`);
    note(parts.join(", "));
    document.body.dataset.frameMs = Math.round(performance.now() - began);
    const boxes = await asked, problems = Object.values(boxes.problems);
    if (mine !== opening) return;
    boxSets = boxes.sets;
    showBoxToggles();
    showBoxes();
    if (problems.length) note([parts.join(", "), ...problems].join("\n"), true);
  } catch (error) {
    if (error.name === "AbortError" || mine !== opening) return;
    cloud.clear();
    boxSets = [];
    showBoxToggles();
    note(error.message, true);
  }
  document.body.dataset.row = one;
  try {
    about = await getJson("frame", { row: one, selection: [state.selection, state.against].filter((name) => name && name !== PREVIEW) }, { signal });
    if (mine !== opening) return;
    state.frame = about.frame_id;
    await showAbout();
    showDecision();
    showCameras(mine);
    writeAddress();
    if (!playing) await showNearest();
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  }
}

function cloudOf(one) {
  const key = `${one} ${state.sweeps}`;
  if (!clouds.has(key)) {
    clouds.set(key, getPacked("cloud", { row: one, sweeps: state.sweeps }));
    clouds.get(key).catch(() => clouds.delete(key));
    if (clouds.size > 30) clouds.delete(clouds.keys().next().value);
  }
  return clouds.get(key);
}

function note(text, bad = false) {
  $("cloud-note").textContent = text;
  $("cloud-note").classList.toggle("bad", bad);
}

const colourOfSet = (name) => (name === "labels" ? colourOf("--labelled") : project.predictions.indexOf(name) === 0 ? colourOf("--a") : colourOf("--b"));
const isOff = (name) => state.off.split("|").includes(name);

function showBoxToggles() {
  $("box-sets").replaceChildren(...boxSets.map((set) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = css(colourOfSet(set.name));
    const box = element("input", { type: "checkbox", checked: !isOff(set.name), "data-set": set.name, on: { change: () => toggleSet(set.name) } });
    return element("label", {}, box, swatch, `${set.name} ${set.boxes.length}`);
  }));
  $("score-field").hidden = !boxSets.some((set) => set.scores?.length);
}

function toggleSet(name) {
  const off = new Set(state.off.split("|").filter(Boolean));
  if (!off.delete(name)) off.add(name);
  state.off = [...off].join("|");
  showBoxToggles();
  showBoxes();
  writeAddress();
}

function toggleBoxes() {
  state.off = boxSets.every((set) => isOff(set.name)) ? "" : boxSets.map((set) => set.name).join("|");
  showBoxToggles();
  showBoxes();
  writeAddress();
}

function shownBoxes() {
  const least = Number(state.score);
  return boxSets.filter((set) => !isOff(set.name)).flatMap((set) => set.boxes.map((box, i) => ({ box, set, i, colour: colourOfSet(set.name) }))
    .filter(({ i }) => !set.scores || set.scores[i] >= least));
}

function showBoxes() {
  $("score-text").textContent = Number(state.score).toFixed(2);
  cloud.setBoxes(shownBoxes());
  for (const figure of $("cameras").children) paintCamera(figure);
}

function showBox(one) {
  const card = $("box-card");
  card.hidden = !one;
  if (!one) return;
  const { set, i, box } = one, list = element("dl", { class: "facts" }), [x, y, , length, width, height, yaw] = box;
  facts(list, [
    ["from", set.name], ...(set.scores ? [["score", number(set.scores[i])]] : []), ["size", `${[length, width, height].map((size) => size.toFixed(2)).join(" × ")} m`],
    ["distance", `${Math.hypot(x, y).toFixed(1)} m`], ["heading", `${((yaw * 180) / Math.PI).toFixed(0)}°`], ["points", number(set.points[i])],
    ...(set.iou ? [[set.name === "labels" ? "best overlap" : "overlap with labels", number(set.iou[i], 2)]] : []),
    ...Object.entries(set.extras).map(([name, values]) => [name.replaceAll("_", " "), number(values[i])]),
  ]);
  card.replaceChildren(element("b", { textContent: set.classes[i] }), list);
}

function showCameras(mine) {
  const stage = $("cameras");
  stage.hidden = !about.cameras.length;
  stage.replaceChildren(...about.cameras.map((camera, i) => {
    const image = element("img", { alt: `Camera ${camera.name}` }), figure = element("figure", {}, image, element("canvas"), element("figcaption", { textContent: camera.name }));
    figure.matrix = camera.matrix;
    getBlob("image", { row, camera: i }).then((blob) => {
      if (mine !== opening) return;
      image.onload = () => { URL.revokeObjectURL(image.src); paintCamera(figure); };
      image.src = URL.createObjectURL(blob);
    }).catch((error) => { figure.title = error.message; });
    return figure;
  }));
}

function paintCamera(figure) {
  const image = figure.querySelector("img"), canvas = figure.querySelector("canvas");
  if (!image.naturalWidth) return;
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext("2d"), m = figure.matrix;
  const deep = (p) => m[2][0] * p[0] + m[2][1] * p[1] + m[2][2] * p[2] + m[2][3];
  const seen = (p) => { const d = deep(p); return [0, 1].map((k) => (m[k][0] * p[0] + m[k][1] * p[1] + m[k][2] * p[2] + m[k][3]) / d); };
  pen.lineWidth = image.naturalHeight / 130;
  for (const { corners, colour } of cloud.boxes) {
    pen.strokeStyle = css(colour);
    for (const [i, j] of EDGES) {
      let [a, b] = [corners[i], corners[j]];
      const [da, db] = [deep(a), deep(b)], least = 0.3;
      if (da < least && db < least) continue;
      const cut = (p, q, dp, dq) => p.map((one, k) => one + ((q[k] - one) * (least - dp)) / (dq - dp));
      if (da < least) a = cut(a, b, da, db);
      if (db < least) b = cut(b, a, db, da);
      pen.beginPath();
      pen.moveTo(...seen(a));
      pen.lineTo(...seen(b));
      pen.stroke();
    }
  }
}

// About the frame

async function showAbout() {
  $("frame-id").textContent = about.frame_id;
  $("frame-place").textContent = `${about.sequence} · frame ${about.index} · ${frames.time[row].toFixed(1)} s`;
  const whys = Object.entries(about.reasons).map(([name, { rank, of, text }]) => {
    const selection = selections.get(name), nearest = selection?.nearest[rank - 1] ?? -1;
    const head = element("div", { class: "head" }, element("i", { class: `swatch ${name === state.selection ? "a" : "b"}` }), `Pick ${rank} of ${of} in ${name}`);
    const parts = selection?.header.contributions.map((objective, i) => [objective, number(selection[`contribution_${i}`][rank - 1])]) ?? [];
    const list = element("dl", { class: "facts" });
    facts(list, [
      ...(Number.isFinite(selection?.distances[rank - 1]) ? [["to the nearest chosen", number(selection.distances[rank - 1])]] : []),
      ...(Number.isFinite(selection?.gains[rank - 1]) ? [["gain", number(selection.gains[rank - 1])]] : []), ...parts,
      ...(selection ? [["costs", costOf(selection, rank - 1)]] : []),
    ]);
    const button = nearest >= 0 ? element("button", { type: "button", textContent: "Show the nearest chosen frame", on: { click: () => open(nearest) } }) : null;
    return element("div", { class: "why" }, head, element("p", { textContent: text }), list, button);
  });
  const said = $("why");
  said.replaceChildren(...whys);
  if (!whys.length) said.append(element("p", { class: "muted", textContent: about.status !== "ok" ? `Set aside: ${about.status}` : A ? "Not picked." : "No selection yet." }));
  facts($("facts"), [
    ...Object.entries(about.metadata).filter(([, value]) => value !== null).map(([name, value]) => [name.replaceAll("_", " "), number(value)]),
    ...(about.timestamp_ns ? [["timestamp ns", about.timestamp_ns]] : []), ["status", about.status],
  ]);
  $("sweeps-field").hidden = !about.poses;
}

async function showNearest() {
  const section = $("nearest-section");
  section.hidden = !project.embeddings.length;
  if (section.hidden || row < 0) return;
  const mine = opening, { nearest } = await getJson("nearest", { row, embedding: state.embedding });
  if (mine !== opening) return;
  section.hidden = !nearest.length;
  $("nearest").replaceChildren(...nearest.slice(0, 8).map((one) => element("li", { "data-row": one.row, on: { click: () => open(one.row) } },
    element("span", { class: "id", textContent: one.frame_id, title: one.frame_id }), element("span", { class: "muted", textContent: number(one.distance) }))));
}

// Decisions

function showDecision() {
  $("decide").hidden = !project.editable || !state.selection;
  const own = decisions.get(row);
  for (const button of document.querySelectorAll("#decide [data-decision]")) button.setAttribute("aria-pressed", own?.decision === button.dataset.decision);
  if (document.activeElement !== $("reason")) $("reason").value = own?.reason ?? "";
  // A save that comes back while a tag is being typed must not take it away.
  const before = $("tags").querySelector("input");
  const typing = document.activeElement === before;
  const addTag = (event) => {
    const tag = input.value.trim();
    if (event.key !== "Enter" || !tag) return;
    input.value = "";
    sendDecision({ add_tags: [tag] });
  };
  const input = element("input", { placeholder: "+ tag", maxLength: 60, "aria-label": "Add a tag", value: typing ? before.value : "", on: { keydown: addTag } });
  $("tags").replaceChildren(...(own?.tags ?? []).map((tag) => element("button", { type: "button", textContent: `${tag} ×`, title: "Take the tag away", on: { click: () => sendDecision({ remove_tags: [tag] }) } })), input);
  if (typing) input.focus();
}

function decide(decision) {
  if ($("decide").hidden || row < 0) return;
  sendDecision({ decision: decisions.get(row)?.decision === decision ? "" : decision });
}

// One after the other: a second key waits until it is known what the first one made.
let sending = Promise.resolve();
function sendDecision(what) {
  const about = { selection: state.selection, rows: [row], data: project.data };
  sending = sending.then(() => writeDecision(about, what));
}

async function writeDecision(about, what) {
  const keep = (answer) => { if (about.selection === state.selection) keepDecisions(answer); };
  const seen = about.selection === state.selection ? [decisions.get(about.rows[0])].filter(Boolean) : [];
  try {
    const answer = await postJson("decide", { ...about, seen, ...what });
    keep(answer);
    said(answer.command);
    message("Saved.");
  } catch (error) {
    if (error.state) keep(error.state);
    fail(error);
  }
  showDecision();
  showList();
  showStrip();
}

function said(command) {
  $("command").textContent = command;
  $("copy").hidden = !command;
}

// Another selection

function openSelecting() {
  const form = $("select-form").elements;
  options(form.strategy, project.strategies.map((name) => [name, name]), form.strategy.value || A?.header.strategy || "diversity");
  options(form.embedding, project.embeddings.map((name) => [name, name]), form.embedding.value || state.embedding);
  options(form.labelled, [["", "nothing"], ["auto", "all that have labels"], ...project.selections.map((name) => [name, `the picks of ${name}`])], form.labelled.value);
  if (!form.budget.value) form.budget.value = A?.header.summary.budget ?? "50";
  $("selecting").showModal();
}

function selectForm() {
  $("select-close").addEventListener("click", () => $("selecting").close());
  $("select-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = Object.fromEntries(new FormData(event.target)), save = event.submitter?.value === "save";
    asked.review = asked.review ? state.selection : "";
    if (!save) delete asked.name;
    $("select-error").textContent = save && !asked.name ? "Give it a name to save it." : "";
    if (save && !asked.name) return;
    try {
      const answer = await postPacked("select", asked), made = unpack(answer.selection.buffer, answer.selection.byteOffset);
      said(answer.header.command);
      if (save) {
        project = await getJson("project");
        selections.delete(asked.name);
        preview = null;
        [state.against, state.selection, state.first] = [state.selection === asked.name ? "" : state.selection, asked.name, ""];
        message(`Saved as ${asked.name}.`);
      } else {
        made.header.name = PREVIEW;
        preview = made;
        state.against = PREVIEW;
        message(`${made.rows.length} frames would be picked.`);
      }
      $("selecting").close();
      await showSelections();
    } catch (error) {
      $("select-error").textContent = error.message;
    }
  });
}

// Time

const rowsOfSequence = new Map();
function sequenceRows(code) {
  if (!rowsOfSequence.size) frames.sequence.forEach((one, i) => { if (!rowsOfSequence.has(one)) rowsOfSequence.set(one, []); rowsOfSequence.get(one).push(i); });
  return rowsOfSequence.get(code) ?? [];
}

function showStrip() {
  if (row < 0) return;
  const code = frames.sequence[row], rows = sequenceRows(code), marks = new Map();
  const first = shownPicks(), own = new Set(first), second = B ? [...B.rows.slice(0, first.length)] : [], others = new Set(second);
  first.forEach((one, i) => marks.set(one, { rank: i + 1, colour: others.has(one) ? "--both" : "--a" }));
  second.forEach((one) => { if (!own.has(one)) marks.set(one, { colour: "--b" }); });
  for (const [one, { decision }] of decisions) if (decision === "reject") marks.set(one, { ...marks.get(one), colour: "--bad" });
  strip.set({ rows, current: row, marks, labelled: new Set(A?.labelled ?? []) });
  if ($("sequence").options.length !== frames.header.sequences.length) options($("sequence"), frames.header.sequences.slice(0, 5000).map((name, i) => [String(i), name]), String(code));
  $("sequence").value = String(code);
  const picked = rows.filter((one) => own.has(one)).length;
  $("time-place").textContent = `frame ${rows.indexOf(row) + 1} of ${rows.length}${A ? ` · ${picked} picked here` : ""}`;
}

function step(by) {
  const rows = sequenceRows(frames.sequence[row]), next = rows[rows.indexOf(row) + by];
  if (next !== undefined) return open(next);
}

function stepList(by) {
  const rows = currentList().map((one) => one.row), at = rows.indexOf(row);
  const next = rows[at < 0 ? 0 : at + by];
  if (next !== undefined) open(next);
}

function togglePlay() {
  if (playing) { playing = null; $("play").textContent = "▶"; showNearest().catch(fail); return; }
  const mine = (playing = {});
  $("play").textContent = "❚❚";
  (async () => {
    while (playing === mine) {
      const rows = sequenceRows(frames.sequence[row]), at = rows.indexOf(row), began = performance.now();
      if (at + 1 >= rows.length) break;
      for (const ahead of rows.slice(at + 2, at + 5)) cloudOf(ahead).catch(() => {});
      await open(rows[at + 1]);
      const gap = Math.min(1000, Math.max(100, 1000 * (frames.time[rows[at + 1]] - frames.time[rows[at]])));
      await new Promise((done) => setTimeout(done, Math.max(0, gap - (performance.now() - began))));
    }
    if (playing === mine) togglePlay();
  })();
}

// Other views, and what others do meanwhile

async function showTab() {
  for (const name of ["review", "evaluate", "study"]) $(name).hidden = name !== state.tab;
  for (const tab of document.querySelectorAll("#tabs button")) tab.setAttribute("aria-selected", tab.dataset.tab === state.tab);
  writeAddress();
  const openId = async (id) => {
    const [one] = (await getJson("find", { id, exact: 1 })).rows;
    if (one === undefined) return message(`There is no frame ${id}.`, true);
    state.tab = "review";
    await showTab();
    await open(one);
  };
  if (state.tab === "evaluate") await showEvaluation($("evaluate"), project, openId, said);
  if (state.tab === "study") await showStudy($("study"), openId);
}

async function lookAgain() {
  if (document.hidden) return;
  try {
    const now = await getJson("project");
    if (now.data !== project.data) return location.reload();  // rows are other frames now
    const grown = JSON.stringify([now.selections, now.embeddings, now.predictions]) !== JSON.stringify([project.selections, project.embeddings, project.predictions]);
    project = now;
    if (grown) {
      message("The project has something new; reload to see new embeddings and predictions.");
      await showSelections();
    } else if (state.selection) {
      const before = JSON.stringify([...decisions]);
      await loadDecisions();
      if (before !== JSON.stringify([...decisions])) { showDecision(); showList(); showStrip(); }
    }
  } catch (error) {
    if (error.status === 0 || error.status === 403) message(error.message, true);
  }
}

function fail(error) {
  if (error.name !== "AbortError") message(error.message, true);
  if (!("status" in error)) console.error(error);
}
