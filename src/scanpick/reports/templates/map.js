"use strict";
// The embedding map: dots on a canvas, drawn from the JSON beside this script.
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const canvas = document.getElementById("canvas");
  const context = canvas.getContext("2d");
  const legend = document.getElementById("map-legend");
  const count = data.frame_ids.length;
  const picks = data.rank.map((rank, i) => [rank, i]).filter(([rank]) => rank > 0).sort((a, b) => a[0] - b[0]);
  const PADDING = 26, NUMBERED = 60;
  // Okabe and Ito's colours; the last stands for all further sequences.
  const SEQUENCES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a500"];
  const RAMP = ["#fde725", "#addc30", "#5ec962", "#28ae80", "#21918c", "#2c728e", "#3b528b", "#440154"];
  const state = {map: "PCA", colour: "role", first: picks.length, zoom: 1, dx: 0, dy: 0, over: -1};
  let colours = {}, width = 0, height = 0, fit = null, ramp = RAMP;

  // The sequences with most frames on the map get a colour of their own.
  const sizes = new Array(data.sequences.length).fill(0);
  data.sequence.forEach((s) => sizes[s]++);
  const large = sizes.map((size, s) => [size, s]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).map(([, s]) => s);
  const named = large.slice(0, SEQUENCES.length);
  const sequenceColour = (s) => { const place = named.indexOf(s); return place < 0 ? colours.pool : SEQUENCES[place]; };
  const farthest = data.distance.reduce((most, d) => Math.max(most, d || 0), 0);

  function readColours() {
    const probe = document.createElement("i");
    canvas.after(probe);
    for (const name of ["pool", "labelled", "pick", "ink", "card", "sunk", "muted"]) {
      probe.style.color = "var(--" + name + ")";
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    const [red, green, blue] = colours.sunk.match(/[\d.]+/g).map(Number);
    ramp = red + green + blue < 382 ? [...RAMP].reverse() : RAMP;  // far frames stand out from the ground
  }
  function place(i) {
    const {xs, ys, x, y, scale} = fit;
    return [width / 2 + (xs[i] - x) * scale * state.zoom + state.dx, height / 2 - (ys[i] - y) * scale * state.zoom + state.dy];
  }
  // One scale for both axes, so that distances on the map compare.
  function fitMap() {
    const [xs, ys] = data.maps[state.map];
    const ends = (list) => list.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
    const [left, right] = ends(xs), [bottom, top] = ends(ys);
    const scale = Math.min((width - 2 * PADDING) / (right - left || 1), (height - 2 * PADDING) / (top - bottom || 1));
    fit = {xs, ys, x: (left + right) / 2, y: (bottom + top) / 2, scale};
  }
  function rampColour(d) {
    return ramp[farthest > 0 ? Math.min(ramp.length - 1, Math.floor((d || 0) / farthest * ramp.length)) : 0];
  }
  function colourOf(i) {
    if (state.colour === "sequence") return sequenceColour(data.sequence[i]);
    if (state.colour === "distance") return rampColour(data.distance[i]);
    return data.labelled[i] ? colours.labelled : colours.pool;
  }
  function isPicked(i) { return data.rank[i] > 0 && data.rank[i] <= state.first; }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    fitMap();
    const radius = (count > 6000 ? 1.6 : count > 1500 ? 2.2 : 3.2) * Math.min(1.6, Math.sqrt(state.zoom));
    const usual = count > 6000 ? 0.6 : 0.85;
    // Pointing at a frame brings out its sequence: colours alone tell only a few of them apart.
    const only = state.colour === "sequence" && state.over >= 0 ? data.sequence[state.over] : -1;
    const alpha = (i, most) => only < 0 ? most : data.sequence[i] === only ? 1 : 0.15;
    for (const labelled of [0, 1]) {  // labelled frames above the others
      for (let i = 0; i < count; i++) {
        if (data.labelled[i] !== labelled || isPicked(i)) continue;
        const [x, y] = place(i);
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        context.globalAlpha = alpha(i, labelled ? 1 : usual);
        context.fillStyle = context.strokeStyle = colourOf(i);
        if (labelled) {  // squares, so that shape tells as well as colour
          const side = Math.max(radius, 2.2);
          context.lineWidth = 1.8;
          context.strokeRect(x - side, y - side, 2 * side, 2 * side);
        } else {
          context.beginPath();
          context.arc(x, y, radius, 0, 7);
          context.fill();
        }
      }
    }
    const numbers = picks.length <= NUMBERED;
    context.font = "600 10.5px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let p = Math.min(state.first, picks.length) - 1; p >= 0; p--) {  // the first picks end up on top
      const i = picks[p][1];
      const [x, y] = place(i);
      context.globalAlpha = alpha(i, 1);
      const size = numbers ? 9 : picks.length > 1500 ? 2.6 : picks.length > 300 ? 3.4 : 5;
      context.beginPath();
      context.arc(x, y, size, 0, 7);
      context.fillStyle = state.colour === "sequence" ? sequenceColour(data.sequence[i]) : colours.pick;
      context.fill();
      context.lineWidth = numbers ? 2 : 1.2;
      context.strokeStyle = state.colour === "sequence" ? colours.ink : colours.card;
      context.stroke();
      if (numbers) {
        context.fillStyle = state.colour === "sequence" ? "#111" : colours.card;
        context.fillText(picks[p][0], x, y + 0.5);
      }
    }
    context.globalAlpha = 1;
    if (state.over >= 0) {
      const [x, y] = place(state.over);
      context.beginPath();
      context.arc(x, y, 12, 0, 7);
      context.lineWidth = 2;
      context.strokeStyle = colours.ink;
      context.stroke();
    }
  }
  function drawLegend() {
    const entries = [];
    const entry = (className, style, text) => {
      const item = document.createElement("li"), key = document.createElement("i");
      key.className = className;
      Object.assign(key.style, style);
      item.append(key, text);
      entries.push(item);
    };
    if (state.colour === "sequence") {
      named.forEach((s, place) => entry("key", {background: SEQUENCES[place]}, data.sequences[s]));
      if (large.length > named.length) entry("key pool", {}, (large.length - named.length) + " other sequences");
      entry("key", {border: "2px solid " + colours.ink}, "picked");
    } else {
      entry("key pick", {}, picks.length <= NUMBERED ? "picked, with its rank" : "picked");
      if (data.labelled.includes(1)) entry("key labelled", {}, "labelled already");
      if (state.colour === "role") entry("key pool", {}, "not picked");
      else entry("ramp", {background: "linear-gradient(90deg," + ramp.join() + ")"}, "0 to " + farthest.toPrecision(3));
    }
    legend.replaceChildren(...entries);
  }
  function refresh() {
    readColours();
    draw();
    drawLegend();
    const about = document.getElementById("map-about");
    about.textContent = about.dataset[state.map.toLowerCase()];
  }
  function nearest(x, y) {
    let best = -1, least = 13 * 13;
    for (let i = 0; i < count; i++) {
      const [a, b] = place(i);
      // A pick is larger, so it may be pointed at from farther away than its neighbours.
      const squared = ((a - x) ** 2 + (b - y) ** 2) * (isPicked(i) ? 0.4 : 1);
      if (squared < least) { least = squared; best = i; }
    }
    return best;
  }
  function describe(i) {
    const lines = [data.frame_ids[i]];
    if (data.sequences[data.sequence[i]] !== data.frame_ids[i])
      lines.push("sequence " + data.sequences[data.sequence[i]] + ", frame " + data.index[i]);
    if (data.rank[i]) lines.push("pick #" + data.rank[i]);
    else if (data.labelled[i]) lines.push("labelled already");
    else if (data.distance[i] !== null) lines.push(data.distance[i] + " from the nearest chosen frame");
    return lines.join("\n");
  }
  function zoomAt(factor, x, y) {
    const zoom = Math.min(60, Math.max(1, state.zoom * factor));
    const ratio = zoom / state.zoom;
    state.dx = (state.dx + width / 2 - x) * ratio + x - width / 2;
    state.dy = (state.dy + height / 2 - y) * ratio + y - height / 2;
    state.zoom = zoom;
    if (zoom === 1) state.dx = state.dy = 0;
    draw();
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = {x: event.clientX, y: event.clientY, dx: state.dx, dy: state.dy, moved: false};
  });
  window.addEventListener("pointerup", () => { drag = null; canvas.classList.remove("moving"); });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.pointerType !== "touch") {
      const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag.moved = true;
      canvas.classList.add("moving");
      hideTip();
      [state.dx, state.dy, state.over] = [drag.dx + dx, drag.dy + dy, -1];
      draw();
      return;
    }
    const over = nearest(event.offsetX, event.offsetY);
    if (over !== state.over) { state.over = over; draw(); }
    canvas.classList.toggle("over", over >= 0 && isPicked(over));
    if (over >= 0) showTip(describe(over), event.clientX, event.clientY);
    else hideTip();
  });
  canvas.addEventListener("pointerleave", () => { state.over = -1; hideTip(); draw(); });
  canvas.addEventListener("click", (event) => {
    const over = nearest(event.offsetX, event.offsetY);
    const card = over >= 0 && isPicked(over) && document.getElementById("view-" + data.rank[over]);
    if (card) location.hash = card.id;
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY * 0.01), event.offsetX, event.offsetY);
  }, {passive: false});
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const factor = Number(button.dataset.zoom);
    zoomAt(factor || 1 / state.zoom, width / 2, height / 2);
  }));
  for (const name of ["map", "colour"]) {
    document.querySelectorAll('input[name="' + name + '"]').forEach((input) => {
      if (input.checked) state[name] = input.value;
      input.addEventListener("change", () => { state[name] = input.value; refresh(); });
    });
  }
  const prefix = document.getElementById("prefix");
  const showPrefix = () => {
    state.first = Number(prefix.value);
    document.getElementById("prefix-text").textContent = prefix.value;
    draw();
  };
  prefix.addEventListener("input", showPrefix);
  showPrefix();
  document.addEventListener("themechange", refresh);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", refresh);
  new ResizeObserver(refresh).observe(canvas);
  refresh();
})();
