// A sequence in time: every frame a tick, picks above, the column that colours the map as a line, gaps as gaps.
import { colourOf, css, fit } from "./gl.js";

export class Strip {
  // `on` has open(row).
  constructor(canvas, on) {
    Object.assign(this, { canvas, rows: [], current: -1, marks: new Map(), labelled: new Set(), values: null });
    const jump = (event) => {
      const row = this.rowAt(event.offsetX);
      if (row !== undefined && row !== this.current) on.open(row);
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); jump(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  set(changes) { Object.assign(this, changes); this.draw(); }

  place(time) {
    const first = this.times[this.rows[0]], last = this.times[this.rows.at(-1)], wide = this.canvas.clientWidth - 28;
    return 14 + (last > first ? (time - first) / (last - first) : 0.5) * wide;
  }

  rowAt(x) {
    let low = 0, high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.place(this.times[this.rows[middle]]) < x) low = middle + 1; else high = middle;
    }
    if (low > 0 && x - this.place(this.times[this.rows[low - 1]]) < this.place(this.times[this.rows[low]]) - x) low--;
    return this.rows[low];
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { width, height, ratio } = fit(this.canvas), pen = this.canvas.getContext("2d");
    const [w, h] = [width / ratio, height / ratio], base = h - 22;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = css(colourOf("--stage"));
    pen.fillRect(0, 0, w, h);
    if (!this.rows.length) return;
    const tick = css(colourOf("--pool")), muted = css(colourOf("--muted")), known = css(colourOf("--labelled"));
    const thin = Math.max(1, Math.min(3, (w - 28) / this.rows.length - 0.6));
    for (const row of this.rows) {
      pen.fillStyle = this.labelled.has(row) ? known : tick;
      pen.globalAlpha = this.usable[row] ? 0.9 : 0.25;
      pen.fillRect(this.place(this.times[row]) - thin / 2, base - 7, thin, 7);
    }
    pen.globalAlpha = 1;
    if (this.values) {
      const shown = this.rows.filter((row) => Number.isFinite(this.values[row]));
      let [low, high] = [Infinity, -Infinity];
      for (const row of shown) { low = Math.min(low, this.values[row]); high = Math.max(high, this.values[row]); }
      const span = high - low || 1;
      pen.beginPath();
      shown.forEach((row, i) => {
        const at = [this.place(this.times[row]), base - 12 - ((this.values[row] - low) / span) * (base - 26)];
        if (i) pen.lineTo(...at); else pen.moveTo(...at);
      });
      pen.strokeStyle = muted;
      pen.globalAlpha = 0.55;
      pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.font = "600 10px system-ui, sans-serif";
    pen.textAlign = "center";
    let last = -Infinity;
    for (const row of this.rows) {
      const mark = this.marks.get(row);
      if (!mark) continue;
      const x = this.place(this.times[row]);
      pen.fillStyle = css(colourOf(mark.colour));
      pen.fillRect(x - 1, base - 22, 2, 22);
      pen.beginPath();
      pen.arc(x, base - 24, 4, 0, 7);
      pen.fill();
      if (mark.rank && x - last > 16) {
        pen.fillText(mark.rank, x, base - 31);
        last = x;
      }
    }
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = muted;
    const first = this.times[this.rows[0]], end = this.times[this.rows.at(-1)], steps = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
    const step = steps.find((one) => (end - first) / one <= w / 90) ?? (end - first) / 8;
    for (let time = first; time <= end + 1e-6 && step > 0; time += step) pen.fillText(`${Number((time - first).toFixed(1))} s`, Math.min(w - 16, Math.max(14, this.place(time))), h - 6);
    if (this.current >= 0 && this.rows.includes(this.current)) {
      const x = this.place(this.times[this.current]);
      pen.fillStyle = css(colourOf("--ink"));
      pen.fillRect(x - 1, 2, 2, base + 2);
      pen.beginPath();
      pen.moveTo(x - 5, 2); pen.lineTo(x + 5, 2); pen.lineTo(x, 9);
      pen.fill();
    }
  }
}
