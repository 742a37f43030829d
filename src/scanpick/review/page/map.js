// The map of the pool: every dot is a frame. Positions and colours are buffers of the graphics card, so that a million frames move
// at once; where they overlap, dots are drawn small and let each other through, which shows their density.
import { colourOf, context, css, fill, fit, program } from "./gl.js";

const VERTEX = `
in vec2 place; in vec4 colour; uniform vec2 centre; uniform vec2 zoom; uniform float size; out vec4 shade;
void main() {
  shade = colour;
  gl_Position = isnan(place.x) || colour.a == 0.0 ? vec4(2.0) : vec4((place - centre) * zoom, 0.0, 1.0);
  gl_PointSize = size;
}`;
const FRAGMENT = `
in vec4 shade; uniform float opacity; uniform float size; uniform vec3 rim; uniform float ring; out vec4 result;
void main() {
  float from = length(gl_PointCoord - 0.5) * size, edge = size * 0.5;
  float inside = clamp(edge - from, 0.0, 1.0);
  vec3 colour = mix(shade.rgb, rim, ring * clamp(from - edge + 2.2, 0.0, 1.0));
  result = vec4(colour, shade.a * opacity * inside);
}`;
const CELLS = 256;

export class PoolMap {
  // `on` has hover(row, x, y), open(row), chosen(rows).
  constructor(canvas, over, on) {
    this.canvas = canvas;
    this.over = over;
    this.on = on;
    this.gl = context(canvas);
    this.shader = program(this.gl, VERTEX, FRAGMENT);
    const gl = this.gl;
    this.buffers = { place: gl.createBuffer(), colour: gl.createBuffer(), markPlace: gl.createBuffer(), markColour: gl.createBuffer() };
    this.count = 0;
    this.marks = 0;
    this.centre = [0, 0];
    this.zoom = 0.92;
    this.tool = "pan";
    this.lasso = null;
    this.current = -1;
    this.kept = [];
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // (2 N) positions from -1 to 1, NaN where a frame has none.
  setPositions(positions) {
    this.positions = positions;
    this.count = positions.length / 2;
    fill(this.gl, this.buffers.place, positions);
    this.index();
    this.fit();
  }

  // (4 N) bytes: red, green, blue, and 0 where a frame is not shown.
  setColours(colours) {
    this.colours = colours;
    fill(this.gl, this.buffers.colour, colours);
    this.draw();
  }

  // Frames that stand out: rows, and 4 bytes for each.
  setMarks(rows, colours) {
    const places = new Float32Array(2 * rows.length);
    if (this.positions) rows.forEach((row, i) => { places[2 * i] = this.positions[2 * row]; places[2 * i + 1] = this.positions[2 * row + 1]; });
    this.marks = this.positions ? rows.length : 0;
    fill(this.gl, this.buffers.markPlace, places);
    fill(this.gl, this.buffers.markColour, colours);
    this.draw();
  }

  setCurrent(row) { this.current = row; this.draw(); }
  setTool(tool) { this.tool = tool; this.canvas.classList.toggle("lasso", tool === "lasso"); }
  fit() { this.centre = [0, 0]; this.zoom = 0.92; this.draw(); }

  scale() {
    const { clientWidth: width, clientHeight: height } = this.canvas, least = Math.max(1, Math.min(width, height));
    return [(this.zoom * least) / width, (this.zoom * least) / height];
  }

  toScreen(row) {
    const [sx, sy] = this.scale();
    const x = (this.positions[2 * row] - this.centre[0]) * sx, y = (this.positions[2 * row + 1] - this.centre[1]) * sy;
    return [((x + 1) / 2) * this.canvas.clientWidth, ((1 - y) / 2) * this.canvas.clientHeight];
  }

  toMap(x, y) {
    const [sx, sy] = this.scale();
    return [
      ((2 * x) / this.canvas.clientWidth - 1) / sx + this.centre[0], (1 - (2 * y) / this.canvas.clientHeight) / sy + this.centre[1],
    ];
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { gl, buffers } = this, { width, height, ratio } = fit(this.canvas);
    const paper = colourOf("--stage");
    gl.viewport(0, 0, width, height);
    gl.clearColor(...paper, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.positions && this.colours) {
      const { at, program: made } = this.shader;
      gl.useProgram(made);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
      gl.uniform2fv(at.centre, this.centre);
      gl.uniform2fv(at.zoom, this.scale());
      gl.uniform3fv(at.rim, paper);
      const crowd = this.count / Math.max(1, this.zoom * this.zoom);
      const size = (crowd > 300000 ? 1.5 : crowd > 60000 ? 2.2 : crowd > 12000 ? 3.4 : crowd > 2500 ? 4.6 : 6) * ratio;
      this.points(buffers.place, buffers.colour, this.count, size, Math.min(0.85, Math.max(0.1, Math.sqrt(20000 / crowd))), 0);
      this.points(buffers.markPlace, buffers.markColour, this.marks, (this.marks > 2000 ? 5 : 10) * ratio, 1, this.marks > 2000 ? 0 : 1);
    }
    this.paintOver();
  }

  points(places, colours, count, size, opacity, ring) {
    if (!count) return;
    const { gl } = this, { at, program: made } = this.shader;
    for (const [name, buffer, parts, kind, whole] of [["place", places, 2, gl.FLOAT, false], ["colour", colours, 4, gl.UNSIGNED_BYTE, true]]) {
      const place = gl.getAttribLocation(made, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, parts, kind, whole, 0, 0);
    }
    gl.uniform1f(at.size, size);
    gl.uniform1f(at.opacity, opacity);
    gl.uniform1f(at.ring, ring);
    gl.drawArrays(gl.POINTS, 0, count);
  }

  paintOver() {
    const { width, height, ratio } = fit(this.over), pen = this.over.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const ink = css(colourOf("--ink")), accent = colourOf("--accent");
    for (const [row, radius] of [[this.hovered ?? -1, 6], [this.current, 9]]) {
      if (row < 0 || !this.positions || Number.isNaN(this.positions[2 * row])) continue;
      const [x, y] = this.toScreen(row);
      pen.beginPath();
      pen.arc(x, y, radius, 0, 7);
      pen.lineWidth = 2;
      pen.strokeStyle = row === this.current ? ink : css(accent);
      pen.stroke();
    }
    if (this.lasso) {
      pen.beginPath();
      this.lasso.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.fillStyle = css(accent, 0.12);
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = css(accent);
      pen.stroke();
    }
  }

  // Rows by cell of a grid over the map, so that the nearest dot is found without looking at all.
  index() {
    const { positions, count } = this, starts = new Uint32Array(CELLS * CELLS + 1), cells = new Int32Array(count);
    for (let row = 0; row < count; row++) {
      const x = positions[2 * row];
      cells[row] = Number.isNaN(x) ? -1 : cellOf(x) + CELLS * cellOf(positions[2 * row + 1]);
      if (cells[row] >= 0) starts[cells[row] + 1]++;
    }
    for (let i = 0; i < CELLS * CELLS; i++) starts[i + 1] += starts[i];
    const rows = new Uint32Array(starts[CELLS * CELLS]), next = starts.slice();
    for (let row = 0; row < count; row++) if (cells[row] >= 0) rows[next[cells[row]]++] = row;
    this.starts = starts;
    this.rows = rows;
  }

  nearest(x, y, within = 9) {
    if (!this.positions) return -1;
    const [left, top] = this.toMap(x - within, y - within), [right, bottom] = this.toMap(x + within, y + within);
    const [mx, my] = this.toMap(x, y);
    let best = -1, least = Math.abs(right - left) / 2;
    least *= least;
    for (let cy = cellOf(bottom); cy <= cellOf(top); cy++)
      for (let cx = cellOf(left); cx <= cellOf(right); cx++)
        for (let i = this.starts[cx + CELLS * cy]; i < this.starts[cx + CELLS * cy + 1]; i++) {
          const row = this.rows[i], dx = this.positions[2 * row] - mx, dy = this.positions[2 * row + 1] - my;
          if (this.colours && !this.colours[4 * row + 3]) continue;
          if (dx * dx + dy * dy < least) [best, least] = [row, dx * dx + dy * dy];
        }
    return best;
  }

  // Rows within a polygon on the screen.
  within(polygon) {
    const corners = polygon.map(([x, y]) => this.toMap(x, y)), found = [];
    const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    for (let row = 0; row < this.count; row++) {
      const x = this.positions[2 * row], y = this.positions[2 * row + 1];
      if (!(x >= left && x <= right && y >= low && y <= high) || !this.colours[4 * row + 3]) continue;
      let inside = false;
      for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
        const [ax, ay] = corners[i], [bx, by] = corners[j];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
      }
      if (inside) found.push(row);
    }
    return found;
  }

  listen() {
    const { canvas } = this;
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      const kind = event.shiftKey ? "box" : this.tool;
      drag = { x: event.offsetX, y: event.offsetY, moved: false, kind, centre: [...this.centre] };
      if (kind !== "pan") this.lasso = [[drag.x, drag.y]];
    });
    canvas.addEventListener("pointermove", (event) => {
      const { offsetX: x, offsetY: y } = event;
      if (!drag) {
        const row = this.nearest(x, y);
        if (row !== this.hovered) { this.hovered = row; this.draw(); }
        this.on.hover(row, x, y);
        return;
      }
      drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > 4;
      if (drag.kind === "pan" && drag.moved) {
        const [sx, sy] = this.scale();
        this.centre = [
          drag.centre[0] - (2 * (x - drag.x)) / canvas.clientWidth / sx, drag.centre[1] + (2 * (y - drag.y)) / canvas.clientHeight / sy,
        ];
      } else if (drag.kind === "lasso") {
        const [px, py] = this.lasso.at(-1);
        if (Math.hypot(x - px, y - py) > 3) this.lasso.push([x, y]);
      } else if (drag.kind === "box") this.lasso = [[drag.x, drag.y], [x, drag.y], [x, y], [drag.x, y]];
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!drag) return;
      if (!drag.moved) {
        this.lasso = null;
        const row = this.nearest(event.offsetX, event.offsetY);
        if (row >= 0) this.on.open(row);
      } else if (drag.kind !== "pan") this.on.chosen(this.lasso.length > 2 ? this.within(this.lasso) : []);
      drag = null;
      this.lasso = null;
      this.draw();
    });
    canvas.addEventListener("pointerleave", () => { this.hovered = -1; this.on.hover(-1); this.draw(); });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const before = this.toMap(event.offsetX, event.offsetY);
      this.zoom = Math.min(400, Math.max(0.4, this.zoom * Math.exp(-event.deltaY * 0.0016)));
      const after = this.toMap(event.offsetX, event.offsetY);
      this.centre = this.centre.map((one, i) => one + before[i] - after[i]);
      this.draw();
    }, { passive: false });
  }
}

const cellOf = (place) => Math.min(CELLS - 1, Math.max(0, Math.floor(((place + 1) / 2) * CELLS)));
