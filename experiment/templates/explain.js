// One clip: pictures over time, panels of the frame at the cursor, and what moves the cursor.
// t is a frame, j a sample in it, k a frequency bin or a coefficient, m a mel band, A the arrays
// of explanation.py with a row per frame; times are in s, frequencies in kHz.

const A = Object.fromEntries(Object.entries(DATA.arrays).map(([name, x]) => [name, decode(x)]));
const N_FFT = A.window.width, N_MELS = A.mel.width, N_MFCC = A.cepstra.width;
const N_FRAMES = A.mel.values.length / N_MELS, DURATION = A.samples.width / DATA.rate;
const HOP = DATA.hop / DATA.rate, BIN = DATA.rate / N_FFT / 1000, HALF = DATA.rate / 2000;
const LOG_MEL = table(A.mel.values.map((db) => Math.max(db, DATA.floor)), N_MELS);
const FILTERS = Array.from({length: N_MELS}, (_, m) => filter(A.filters.row(m)));
const MFCC_RANGES = Array.from({length: N_MFCC}, (_, k) =>
  extent(A.cepstra.values.filter((_, i) => i % N_MFCC === k)));
const [, LOUDEST] = extent(A.spectrum.values);
const RANGES = {
  samples: extent([-1e-5, 1e-5, ...A.samples.values]),
  spectrum: [LOUDEST - DATA.top_db, LOUDEST],
  mel: extent([...LOG_MEL.values, ...A.rebuilt.values, DATA.floor]),
  mfcc: extent([-1, 1, ...MFCC_RANGES.slice(N_MFCC > 1 ? 1 : 0).flat()]), // without c0, which is far larger
};
const PICTURES = {
  spectrogram: paint(A.spectrum, [RANGES.spectrum]),
  "log-mel": paint(LOG_MEL, [extent(LOG_MEL.values)]),
  mfccs: paint(A.cepstra, MFCC_RANGES),
};
const player = $("player"), slider = $("slider"), pictures = $("pictures");
let frame = DATA.loudest, nextFollow = 0;

// The bins of a filter that are not zero, with one more on either side, and its center.
function filter(row) {
  const first = row.findIndex((w) => w > 0) - 1, last = row.findLastIndex((w) => w > 0) + 1;
  const weights = row.slice(first, last + 1), total = weights.reduce((sum, w) => sum + w);
  const moment = weights.reduce((sum, w, i) => sum + w * (first + i), 0);
  return {first, weights, center: (BIN * moment) / total};
}

// A pixel per number, a column per frame; the colors of row k span ranges[k], or the only range.
function paint({values, width}, ranges) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [N_FRAMES, width];
  const pen = canvas.getContext("2d"), image = pen.createImageData(N_FRAMES, width);
  values.forEach((v, i) => {
    const k = i % width, t = (i - k) / width, [low, high] = ranges[k % ranges.length];
    const color = A.palette.row(Math.round((255 * (v - low)) / Math.max(high - low, 1)));
    image.data.set([...color, 255], 4 * ((width - 1 - k) * N_FRAMES + t));
  });
  pen.putImageData(image, 0, 0);
  return canvas;
}

// Draw a picture whose row k is centered at k·step.
function drawPicture(id, step, yLabel, xLabel = "") {
  const picture = PICTURES[id], range = [-step / 2, (picture.height - 0.5) * step];
  const {pen, x, y} = plot(id, [0, DURATION], range, xLabel, yLabel);
  const left = x(-HOP / 2), right = x((N_FRAMES - 0.5) * HOP);
  pen.imageSmoothingEnabled = picture.height > 200; // more rows than pixels
  pen.drawImage(picture, left, TOP, right - left, y(range[0]) - TOP);
}

// Draw the samples of each pixel as a bar from the least to the greatest.
function drawWaveform() {
  const {pen, x, y} = plot("waveform", [0, DURATION], RANGES.samples, "", "amplitude");
  const {values} = A.samples, n = Math.ceil(values.length / (x(DURATION) - x(0)));
  pen.fillStyle = color("--accent");
  for (let first = 0; first < values.length; first += n) {
    const [low, high] = extent(values.subarray(first, first + n));
    pen.fillRect(x(first / DATA.rate), y(high), 1, y(low) - y(high) + 1);
  }
}

function drawOcclusion() {
  const falls = A.falls.values.map((fall) => 100 * fall), range = extent([0, 10, ...falls]);
  const area = plot("occlusion", [0, DURATION], range, "", "percentage points");
  const width = 0.8 * DATA.step * (area.x(1) - area.x(0));
  bars(area, (i) => i * DATA.step + DATA.occluded / 2, falls, width, "--marked");
}

// The least power of two that no value exceeds: a scale that seldom changes while the clip plays.
function roundUp(values, least) {
  return 2 ** Math.ceil(Math.log2(values.reduce((peak, v) => Math.max(peak, Math.abs(v)), least)));
}

function drawSamples(t) {
  const first = t * DATA.hop - N_FFT / 2, ms = (j) => (1000 * j) / DATA.rate;
  const x = A.window.values.map((_, j) => A.samples.values[first + j] ?? 0); // 0 beyond the ends
  const peak = roundUp(x, 1e-5), range = [-peak, peak];
  const area = plot("samples", [0, ms(N_FFT)], range, "time in the frame (ms)", "amplitude");
  line(area, ms, x, "--muted", [2, 2]);
  line(area, ms, A.window.values.map((w) => w * peak), "--marked", [5, 4]);
  line(area, ms, A.window.values.map((w, j) => w * x[j]), "--accent");
}

function drawSpectrum(t) {
  const area = plot("spectrum", [0, HALF], RANGES.spectrum, "frequency (kHz)", "dB");
  line(area, (k) => k * BIN, A.spectrum.row(t), "--accent");
}

function drawFilters(t) {
  const power = A.mel.row(t).map((db) => 10 ** (db / 10)), top = roundUp(power, 1e-9);
  const area = plot("filters", [0, HALF], [0, top], "frequency (kHz)", "mel power");
  const scale = top / extent(A.filters.values)[1];
  for (const {first, weights} of FILTERS) {
    line(area, (i) => (first + i) * BIN, weights.map((w) => w * scale), "--line");
  }
  bars(area, (m) => FILTERS[m].center, power, 2, "--accent");
}

function drawDecibels(t) {
  const range = [DATA.floor - 20, RANGES.mel[1]];
  const area = plot("decibels", [0, N_MELS], range, "mel band", "dB");
  line(area, (m) => m, A.mel.row(t), "--muted");
  line(area, (m) => m, LOG_MEL.row(t), "--accent");
  line(area, (i) => i * N_MELS, [DATA.floor, DATA.floor], "--marked", [5, 4]);
}

function drawCepstra(t) {
  const area = plot("cepstra", [-0.6, N_MFCC - 0.4], RANGES.mfcc, "coefficient", "dB");
  bars(area, (k) => k, A.cepstra.row(t), 0.7 * (area.x(1) - area.x(0)), "--accent");
  document.querySelectorAll("#numbers dd").forEach((cell, k) => {
    const value = Math.round(100 * A.cepstra.row(t)[k]) / 100 || 0; // no −0.00
    cell.textContent = value.toFixed(2).replace("-", "−");
  });
}

function drawRebuilt(t) {
  const area = plot("rebuilt", [0, N_MELS], RANGES.mel, "mel band", "dB");
  const curve = LOG_MEL.row(t), rebuilt = A.rebuilt.row(t);
  line(area, (m) => m, curve, "--accent");
  line(area, (m) => m, rebuilt, "--marked", [5, 3]);
  const squares = curve.reduce((sum, db, m) => sum + (db - rebuilt[m]) ** 2, 0);
  $("error").textContent = `${Math.sqrt(squares / N_MELS).toFixed(1)} dB apart (root mean square)`;
}

const PANELS = [drawSamples, drawSpectrum, drawFilters, drawDecibels, drawCepstra, drawRebuilt];

function drawAll() {
  drawWaveform();
  if ($("occlusion")) drawOcclusion();
  drawPicture("spectrogram", BIN, "kHz");
  drawPicture("log-mel", 1, "mel band");
  drawPicture("mfccs", 1, "coefficient", "time (s)");
  show(frame);
}

// Move the cursor to the frame nearest to t, and show it.
function show(t) {
  frame = Math.min(Math.max(Math.round(t), 0), N_FRAMES - 1);
  const words = `frame ${frame}, ${(frame * HOP).toFixed(2)} s`;
  [slider.value, $("where").textContent] = [frame, words];
  slider.setAttribute("aria-valuetext", words);
  const width = pictures.clientWidth - LEFT - RIGHT;
  $("cursor").style.left = `${LEFT + (width * frame * HOP) / DURATION}px`;
  PANELS.forEach((draw) => draw(frame));
}

// Move the cursor without sound.
function seek(t) {
  player.pause();
  show(t);
  player.currentTime = frame * HOP;
}

function drag(event) {
  if (!event.buttons) return;
  const {left, width} = pictures.getBoundingClientRect();
  seek(((event.clientX - left - LEFT) / (width - LEFT - RIGHT)) * (DURATION / HOP));
}

// Show the frame that is heard, again and again while the clip plays.
function follow() {
  show(player.currentTime / HOP);
  cancelAnimationFrame(nextFollow);
  if (!player.paused) nextFollow = requestAnimationFrame(follow);
}

player.addEventListener("play", follow);
player.addEventListener("seeking", follow);
slider.addEventListener("input", () => seek(Number(slider.value)));
pictures.addEventListener("pointerdown", (event) => {
  pictures.setPointerCapture(event.pointerId);
  drag(event);
});
pictures.addEventListener("pointermove", drag);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new ResizeObserver(drawAll).observe(pictures);
