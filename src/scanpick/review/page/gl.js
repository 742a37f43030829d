// What both views need of WebGL2: programs, buffers, matrices (column-major, as WebGL takes them), colours from the style sheet.

export function context(canvas, options) {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: false, ...options });
  if (!gl) throw new Error("This browser has no WebGL2, which the map and the points are drawn with.");
  return gl;
}

export function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, `#version 300 es\nprecision highp float;\n${source}`);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  const at = {};
  for (let i = 0; i < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); i++) {
    const { name } = gl.getActiveUniform(made, i);
    at[name] = gl.getUniformLocation(made, name);
  }
  return { program: made, at };
}

export function fill(gl, buffer, data) {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
}

// Fits the canvas to its place on the screen; gives its size in device pixels and how many of them a CSS pixel has.
export function fit(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return { width, height, ratio };
}

const known = new Map();

// Colours are asked for at every drawing; the style sheet is looked at once a theme.
export const forgetColours = () => known.clear();

const painter = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// [red, green, blue] from 0 to 1 of a colour of the style sheet, in the theme that is shown.
export function colourOf(name) {
  if (!known.has(name)) known.set(name, readColour(name));
  return known.get(name);
}

function readColour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const text = getComputedStyle(probe).color;
  probe.remove();
  painter.fillStyle = text;
  painter.fillRect(0, 0, 1, 1);
  return [...painter.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => value / 255);
}

export const css = ([r, g, b], alpha = 1) => `rgb(${[r, g, b].map((one) => Math.round(one * 255)).join(" ")} / ${alpha})`;
export const isDark = () => getComputedStyle(document.body).backgroundColor !== "" && colourOf("--paper")[0] < 0.5;

const DARK = ["#30497f", "#2a788e", "#22a884", "#7ad151", "#fde725", "#fff7c4"];
const LIGHT = ["#2b1a5e", "#31508f", "#1f7f8a", "#2b9c5e", "#b58900", "#c2410c"];

// 256 colours from low to high that stand out from the stage of either theme.
export function ramp() {
  const anchors = (isDark() ? DARK : LIGHT).map((code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16)));
  const table = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (anchors.length - 1), low = Math.min(Math.floor(place), anchors.length - 2);
    for (let c = 0; c < 3; c++) table[4 * i + c] = anchors[low][c] + (place - low) * (anchors[low + 1][c] - anchors[low][c]);
    table[4 * i + 3] = 255;
  }
  return table;
}

export const rampCss = () => {
  const table = ramp();
  return `linear-gradient(90deg, ${[0, 51, 102, 153, 204, 255].map((i) => `rgb(${table.slice(4 * i, 4 * i + 3).join(" ")})`)})`;
};

// Without the orange and the purple that picks have.
const NAMED = ["#0072b2", "#009e73", "#cc79a7", "#c9a800", "#56b4e9", "#8c6d31", "#b2474e", "#4b7fd1", "#2f8f8f", "#7a9a01", "#7f7f7f", "#a3b8c9"];
export function named(number) {
  const code = NAMED[number % NAMED.length];
  const mix = isDark() ? 0.28 : 0;
  return [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16) / 255).map((one) => one + (1 - one) * mix);
}

export function multiply(a, b) {
  const c = new Float32Array(16);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[4 * k + row] * b[4 * column + k];
      c[4 * column + row] = sum;
    }
  return c;
}

export function perspective(angle, aspect, near, far) {
  const f = 1 / Math.tan(angle / 2);
  return new Float32Array([f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0]);
}

export function orthographic(half, aspect, near, far) {
  return new Float32Array([1 / (half * aspect), 0, 0, 0, 0, 1 / half, 0, 0, 0, 0, 2 / (near - far), 0, 0, 0, (far + near) / (near - far), 1]);
}

export const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const unit = (a) => { const length = Math.hypot(...a) || 1; return a.map((one) => one / length); };

export function look(eye, forward, up) {
  const right = unit(cross(forward, up)), above = cross(right, forward);
  return new Float32Array([
    right[0], above[0], -forward[0], 0, right[1], above[1], -forward[1], 0, right[2], above[2], -forward[2], 0,
    -dot(right, eye), -dot(above, eye), dot(forward, eye), 1,
  ]);
}
