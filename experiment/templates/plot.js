// Arrays from base64, and plots on a canvas whose colors follow the page's style.

const $ = (id) => document.getElementById(id);
const LEFT = 56, RIGHT = 20, TOP = 20; // px around a plot

// A table by rows of `width` numbers.
function table(values, width) {
  return {values, width, row: (i) => values.subarray(i * width, (i + 1) * width)};
}

function decode({dtype, shape, base64}) {
  const {buffer} = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const types = {uint8: Uint8Array, float16: Uint16Array, float32: Float32Array};
  const numbers = new types[dtype](buffer);
  return table(dtype === "float16" ? Float32Array.from(numbers, float16) : numbers, shape.at(-1));
}

// The finite number with these 16 bits: sign, 5 of exponent, 10 of fraction (IEEE 754, binary16).
function float16(bits) {
  const exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const size = exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

function extent(values) {
  const widen = ([low, high], v) => [Math.min(low, v), Math.max(high, v)];
  return values.reduce(widen, [Infinity, -Infinity]);
}

// About n multiples of 1, 2 or 5 times a power of ten.
function ticks([low, high], n) {
  const least = (high - low) / n, power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= least);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({length: last - first + 1}, (_, i) => (first + i) * step);
}

function text(value) {
  const small = value !== 0 && Math.abs(value) < 0.01;
  return (small ? value.toExponential(0) : String(+value.toPrecision(3))).replaceAll("-", "−");
}

// Draw axes over the whole canvas; return the pen, clipped to the plot, and the pixels of a point.
function plot(id, [x0, x1], [y0, y1], xLabel, yLabel) {
  const canvas = $(id), {clientWidth: width, clientHeight: height} = canvas;
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d"), bottom = height - (xLabel ? 32 : 18);
  const x = (v) => LEFT + ((v - x0) / (x1 - x0)) * (width - RIGHT - LEFT);
  const y = (v) => bottom - ((v - y0) / (y1 - y0)) * (bottom - TOP);
  const write = (words, atX, atY, align) => {
    pen.textAlign = align;
    pen.fillText(words, atX, atY);
  };
  pen.scale(scale, scale);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = color("--muted");
  pen.strokeStyle = color("--line");
  pen.beginPath();
  for (const v of ticks([x0, x1], width / 80)) {
    pen.moveTo(x(v), TOP);
    pen.lineTo(x(v), bottom);
    write(text(v), x(v), bottom + 13, "center");
  }
  for (const v of ticks([y0, y1], Math.max(4, (bottom - TOP) / 20))) {
    pen.moveTo(LEFT, y(v));
    pen.lineTo(width - RIGHT, y(v));
    write(text(v), LEFT - 5, y(v) + 4, "right");
  }
  pen.stroke();
  write(xLabel, (LEFT + width - RIGHT) / 2, bottom + 28, "center");
  write(yLabel, LEFT, TOP - 7, "left");
  pen.beginPath();
  pen.rect(LEFT, TOP, width - RIGHT - LEFT, bottom - TOP);
  pen.clip();
  return {pen, x, y};
}

// Draw a line through (at(i), values[i]).
function line({pen, x, y}, at, values, name, dash = []) {
  pen.strokeStyle = color(name);
  pen.setLineDash(dash);
  pen.lineWidth = 1.5;
  pen.beginPath();
  values.forEach((v, i) => pen.lineTo(x(at(i)), y(v)));
  pen.stroke();
}

// Draw a bar from 0 to each value, `width` pixels wide, around at(i).
function bars({pen, x, y}, at, values, width, name) {
  pen.fillStyle = color(name);
  values.forEach((v, i) => pen.fillRect(x(at(i)) - width / 2, y(0), width, y(v) - y(0)));
}
