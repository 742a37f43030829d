// One frame in 3D: points of seven bytes each, boxes as lines of a width, rings for distance. Drawn when something changes, and never
// in between.
import { colourOf, context, cross, css, fill, fit, look, multiply, orthographic, perspective, program, ramp, subtract, unit } from "./gl.js";

const POINT_VERTEX = `
in vec3 place; in float intensity; uniform mat4 matrix; uniform float scale, size, near; uniform int mode; uniform vec2 range; uniform vec3 plain;
uniform sampler2D ramp; out vec3 shade;
void main() {
  vec3 p = place * scale;
  gl_Position = matrix * vec4(p, 1.0);
  float value = mode == 0 ? p.z : mode == 1 ? intensity : length(p.xy);
  float part = clamp((value - range.x) / (range.y - range.x), 0.0, 1.0);
  shade = mode == 3 ? plain : texture(ramp, vec2(mode == 1 ? sqrt(part) : part, 0.5)).rgb;
  gl_PointSize = clamp(size * near / gl_Position.w, size * 0.75, size * 4.0);
}`;
const POINT_FRAGMENT = `in vec3 shade; out vec4 result; void main() { result = vec4(shade, 1.0); }`;
const LINE_VERTEX = `
in vec3 from, to; in vec4 colour; in vec2 corner; uniform mat4 matrix; uniform vec2 screen; uniform float width; out vec4 shade;
void main() {
  vec4 a = matrix * vec4(from, 1.0), b = matrix * vec4(to, 1.0);
  float least = 0.02;
  if (a.w < least && b.w < least) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  if (a.w < least) a = mix(a, b, (least - a.w) / (b.w - a.w));
  if (b.w < least) b = mix(b, a, (least - b.w) / (a.w - b.w));
  vec2 along = (b.xy / b.w - a.xy / a.w) * screen;
  vec2 across = length(along) > 0.0 ? normalize(vec2(-along.y, along.x)) : vec2(0.0);
  vec4 p = corner.x < 0.5 ? a : b;
  gl_Position = vec4(p.xy + across * corner.y * width / screen * p.w, p.z - 0.0004 * p.w, p.w);
  shade = colour;
}`;
const LINE_FRAGMENT = `in vec4 shade; out vec4 result; void main() { result = shade; }`;
const EDGES = [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]];
const RINGS = [10, 20, 40, 60, 80, 100];
const ANGLE = 0.95;
const MODES = { height: 0, intensity: 1, distance: 2, plain: 3 };

// (8) corners of a box, in the order that `Boxes3D` draws.
export function cornersOf([x, y, z, length, width, height, yaw]) {
  const c = Math.cos(yaw), s = Math.sin(yaw), found = [];
  for (const up of [-0.5, 0.5])
    for (const [along, across] of [[0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
      found.push([x + c * along * length - s * across * width, y + s * along * length + c * across * width, z + up * height]);
  return found;
}
export { EDGES };

export class CloudView {
  // `on` has box(box or null), measured(text).
  constructor(canvas, over, on) {
    Object.assign(this, { canvas, over, on, mode: "height", size: 2, boxes: [], selected: null, tool: "look", ends: [], count: 0, scale: 1 });
    const gl = (this.gl = context(canvas));
    this.pointShader = program(gl, POINT_VERTEX, POINT_FRAGMENT);
    this.lineShader = program(gl, LINE_VERTEX, LINE_FRAGMENT);
    this.buffers = Object.fromEntries(["place", "intensity", "line", "corner"].map((name) => [name, gl.createBuffer()]));
    fill(gl, this.buffers.corner, new Float32Array([0, -1, 0, 1, 1, -1, 1, 1]));
    this.pointArray = gl.createVertexArray();
    this.lineArray = gl.createVertexArray();
    this.texture = gl.createTexture();
    this.setView("orbit");
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  themed() { this.ramped = false; this.lined = false; this.draw(); }

  setCloud({ header, points, intensity }) {
    Object.assign(this, { points, count: points.length / 3, scale: header.scale, heights: header.z });
    fill(this.gl, this.buffers.place, points);
    fill(this.gl, this.buffers.intensity, intensity);
    const { gl } = this, { program: made } = this.pointShader;
    gl.bindVertexArray(this.pointArray);
    for (const [name, buffer, parts, kind, whole] of [["place", this.buffers.place, 3, gl.SHORT, false], ["intensity", this.buffers.intensity, 1, gl.UNSIGNED_BYTE, true]]) {
      const at = gl.getAttribLocation(made, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, parts, kind, whole, 0, 0);
    }
    gl.bindVertexArray(null);
    let ahead = 0;
    const step = Math.max(1, Math.floor(this.count / 2000));
    for (let i = 0; i < this.count; i += step) ahead += points[3 * i] > 0 ? 1 : 0;
    this.allAround = ahead < 0.9 * Math.ceil(this.count / step);
    if (!this.placed) { this.placed = true; this.setView(this.view); }
    this.ends = [];
    this.draw();
  }

  clear() { this.count = 0; this.boxes = []; this.lined = false; this.draw(); }

  // Each: { box: [7], colour: [3], ... }; what else it has is given back when it is clicked.
  setBoxes(boxes) {
    this.boxes = boxes.map((one) => ({ ...one, corners: cornersOf(one.box) }));
    this.lined = false;
    this.select(null);
  }

  select(box) { this.selected = box; this.lined = false; this.on.box(box); this.draw(); }

  setView(view) {
    this.view = view;
    const ahead = this.allAround === false;
    if (view === "top") Object.assign(this, { target: [ahead ? 32 : 0, 0, 0], yaw: 0, pitch: Math.PI / 2, distance: ahead ? 44 : 62 });
    else if (view === "driver") Object.assign(this, { eye: [0, 0, 0.2], yaw: 0, pitch: 0.06, distance: 1 });
    else Object.assign(this, { target: [ahead ? 22 : 6, 0, 0], yaw: 0, pitch: 0.5, distance: ahead ? 38 : 46 });
    this.draw();
  }

  camera() {
    const { width, height } = this.canvas, aspect = width / Math.max(1, height);
    const cp = Math.cos(this.pitch), sp = Math.sin(this.pitch);
    const forward = [cp * Math.cos(this.yaw), cp * Math.sin(this.yaw), -sp];
    const up = sp > 0.999 ? [Math.cos(this.yaw), Math.sin(this.yaw), 0] : [0, 0, 1];
    const eye = this.view === "driver" ? this.eye : this.target.map((one, i) => one - forward[i] * this.distance);
    const flat = this.view === "top";
    const lens = flat ? orthographic(this.distance, aspect, -500, 1500) : perspective(ANGLE, aspect, 0.1, 600);
    const matrix = multiply(lens, look(eye, forward, up));
    return { eye, forward, up, aspect, flat, matrix };
  }

  project(point, matrix, width, height) {
    const [x, y, z] = point, m = matrix, w = m[3] * x + m[7] * y + m[11] * z + m[15];
    if (w <= 0.02) return null;
    return [((m[0] * x + m[4] * y + m[8] * z + m[12]) / w / 2 + 0.5) * width, (0.5 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w / 2) * height, w];
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { gl } = this, { width, height, ratio } = fit(this.canvas);
    gl.viewport(0, 0, width, height);
    gl.clearColor(...colourOf("--stage"), 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.ramped) {
      gl.bindTexture(gl.TEXTURE_2D, this.texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, ramp());
      for (const name of ["TEXTURE_MIN_FILTER", "TEXTURE_MAG_FILTER"]) gl.texParameteri(gl.TEXTURE_2D, gl[name], gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      this.ramped = true;
    }
    const camera = this.camera();
    gl.enable(gl.DEPTH_TEST);
    if (this.count) {
      const { at, program: made } = this.pointShader;
      gl.useProgram(made);
      gl.bindVertexArray(this.pointArray);
      gl.uniformMatrix4fv(at.matrix, false, camera.matrix);
      gl.uniform1f(at.scale, this.scale);
      gl.uniform1f(at.size, this.size * ratio);
      gl.uniform1f(at.near, camera.flat ? 1 : this.view === "driver" ? 12 : 30);
      gl.uniform1i(at.mode, MODES[this.mode]);
      gl.uniform2fv(at.range, this.mode === "height" ? [this.heights[0], Math.max(this.heights[1], this.heights[0] + 1)] : this.mode === "intensity" ? [0, 1] : [0, 70]);
      gl.uniform3fv(at.plain, colourOf("--muted"));
      gl.drawArrays(gl.POINTS, 0, this.count);
    }
    this.paintLines(camera, width, height, ratio);
    gl.bindVertexArray(null);
    this.paintOver(camera, ratio);
  }

  paintLines(camera, width, height, ratio) {
    const { gl } = this;
    if (!this.lined) {
      const lines = [], faint = [...colourOf("--muted"), 0.28];
      const ground = this.heights ? Math.min(this.heights[0], 0) : -1.7;
      this.ground = ground;
      for (const radius of RINGS)
        for (let i = 0; i < 72; i++) {
          const [a, b] = [i, i + 1].map((k) => (k / 36) * Math.PI);
          lines.push(radius * Math.cos(a), radius * Math.sin(a), ground, radius * Math.cos(b), radius * Math.sin(b), ground, ...faint);
        }
      const arrow = [...colourOf("--accent"), 0.9];
      for (const [a, b] of [[[0, 0], [3, 0]], [[3, 0], [2.2, 0.5]], [[3, 0], [2.2, -0.5]]]) lines.push(...a, ground, ...b, ground, ...arrow);
      this.firstBox = lines.length / 10;
      for (const one of this.boxes) {
        const strong = one === this.selected, colour = [...(strong ? colourOf("--ink") : one.colour), 1];
        for (const [a, b] of EDGES) lines.push(...one.corners[a], ...one.corners[b], ...colour);
        const [x, y, z, length, , tall, yaw] = one.box, front = [x + Math.cos(yaw) * length * 0.5, y + Math.sin(yaw) * length * 0.5, z - tall / 2];
        const far = [x + Math.cos(yaw) * length * 0.8, y + Math.sin(yaw) * length * 0.8, z - tall / 2];
        lines.push(...front, ...far, ...colour);
      }
      this.lines = lines.length / 10;
      fill(gl, this.buffers.line, new Float32Array(lines));
      this.lined = true;
    }
    const { at, program: made } = this.lineShader;
    gl.useProgram(made);
    gl.bindVertexArray(this.lineArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.corner);
    const corner = gl.getAttribLocation(made, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    gl.uniformMatrix4fv(at.matrix, false, camera.matrix);
    gl.uniform2f(at.screen, width, height);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    for (const [first, last, wide] of [[0, this.firstBox, 1], [this.firstBox, this.lines, 1.8]]) {
      if (last <= first) continue;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.line);
      for (const [name, parts, offset] of [["from", 3, 0], ["to", 3, 12], ["colour", 4, 24]]) {
        const place = gl.getAttribLocation(made, name);
        gl.enableVertexAttribArray(place);
        gl.vertexAttribPointer(place, parts, gl.FLOAT, false, 40, first * 40 + offset);
        gl.vertexAttribDivisor(place, 1);
      }
      gl.uniform1f(at.width, wide * ratio);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, last - first);
    }
    gl.disable(gl.BLEND);
  }

  paintOver(camera, ratio) {
    const { width, height } = fit(this.over), pen = this.over.getContext("2d");
    const [w, h] = [width / ratio, height / ratio];
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = css(colourOf("--muted"), 0.9);
    if (this.count) for (const radius of RINGS) {
      const at = this.project([radius, 0, this.ground], camera.matrix, w, h);
      if (at) pen.fillText(`${radius} m`, at[0] + 4, at[1] - 3);
    }
    if (this.ends.length) {
      const places = this.ends.map((end) => this.project(end, camera.matrix, w, h));
      pen.strokeStyle = pen.fillStyle = css(colourOf("--ink"));
      pen.lineWidth = 1.5;
      for (const at of places) if (at) { pen.beginPath(); pen.arc(at[0], at[1], 3.5, 0, 7); pen.fill(); }
      if (places.length === 2 && places[0] && places[1]) {
        pen.beginPath();
        pen.moveTo(...places[0].slice(0, 2));
        pen.lineTo(...places[1].slice(0, 2));
        pen.stroke();
        const far = Math.hypot(...subtract(...this.ends));
        pen.font = "600 12px system-ui, sans-serif";
        pen.fillText(`${far.toFixed(2)} m`, (places[0][0] + places[1][0]) / 2 + 8, (places[0][1] + places[1][1]) / 2 - 6);
      }
    }
  }

  // The ray through a place on the screen.
  ray(x, y) {
    const { eye, forward, up, aspect, flat } = this.camera(), right = unit(cross(forward, up)), above = cross(right, forward);
    const nx = (2 * x) / this.canvas.clientWidth - 1, ny = 1 - (2 * y) / this.canvas.clientHeight;
    if (flat) return { from: eye.map((one, i) => one + (right[i] * nx * aspect + above[i] * ny) * this.distance - forward[i] * 500), along: forward };
    const wide = Math.tan(ANGLE / 2);
    return { from: eye, along: unit(forward.map((one, i) => one + right[i] * nx * wide * aspect + above[i] * ny * wide)) };
  }

  boxAt(x, y) {
    const { from, along } = this.ray(x, y);
    let best = null, least = Infinity;
    for (const one of this.boxes) {
      const [cx, cy, cz, length, width, height, yaw] = one.box, c = Math.cos(yaw), s = Math.sin(yaw);
      const place = subtract(from, [cx, cy, cz]);
      const local = [c * place[0] + s * place[1], c * place[1] - s * place[0], place[2]], way = [c * along[0] + s * along[1], c * along[1] - s * along[0], along[2]];
      let enter = -Infinity, leave = Infinity;
      [length, width, height].forEach((size, i) => {
        const a = (-size / 2 - local[i]) / way[i], b = (size / 2 - local[i]) / way[i];
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      });
      if (enter <= leave && leave > 0 && enter < least) [best, least] = [one, enter];
    }
    return best;
  }

  // The point that is drawn nearest to a place on the screen.
  pointAt(x, y, within = 12) {
    const { matrix } = this.camera(), { clientWidth: w, clientHeight: h } = this.canvas;
    let best = null, least = within * within;
    for (let i = 0; i < this.count; i++) {
      const point = [this.points[3 * i] * this.scale, this.points[3 * i + 1] * this.scale, this.points[3 * i + 2] * this.scale];
      const at = this.project(point, matrix, w, h);
      if (!at) continue;
      const far = (at[0] - x) ** 2 + (at[1] - y) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  setTool(tool) { this.tool = tool; this.ends = []; this.canvas.classList.toggle("measure", tool === "measure"); this.draw(); }

  listen() {
    const { canvas } = this;
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag = { x: event.offsetX, y: event.offsetY, moved: false, pan: event.button !== 0 || event.shiftKey || this.view === "top" };
    });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const dx = event.offsetX - drag.x, dy = event.offsetY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      Object.assign(drag, { moved: true, x: event.offsetX, y: event.offsetY });
      if (drag.pan && this.view !== "driver") {
        const { forward, up } = this.camera(), right = unit(cross(forward, up)), above = cross(right, forward);
        const step = (2 * this.distance * (this.view === "top" ? 1 : Math.tan(ANGLE / 2))) / canvas.clientHeight;
        const level = this.view === "top" ? above : unit([forward[0], forward[1], 0]);
        this.target = this.target.map((one, i) => one + (-right[i] * dx + level[i] * dy) * step);
      } else {
        this.yaw -= dx * 0.006 * (this.view === "driver" ? -0.6 : 1);
        this.pitch = Math.min(1.55, Math.max(-0.6, this.pitch + dy * 0.005 * (this.view === "driver" ? -0.6 : 1)));
      }
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (drag && !drag.moved) {
        if (this.tool === "measure") {
          const point = this.pointAt(event.offsetX, event.offsetY);
          if (point) this.ends = this.ends.length === 1 ? [...this.ends, point] : [point];
          this.draw();
        } else this.select(this.boxAt(event.offsetX, event.offsetY));
      }
      drag = null;
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const factor = Math.exp(event.deltaY * 0.0012);
      if (this.view === "driver") {
        const { forward } = this.camera();
        this.eye = this.eye.map((one, i) => one - forward[i] * event.deltaY * 0.01);
      } else this.distance = Math.min(300, Math.max(2, this.distance * factor));
      this.draw();
    }, { passive: false });
  }
}
