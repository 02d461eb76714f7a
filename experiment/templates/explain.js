// One clip: pictures over time, panels of the frame at the cursor, and what moves the cursor.
// t is a frame, j a sample in it, k a frequency bin or a coefficient, m a mel band; times are in s.

const A = Object.fromEntries(Object.entries(DATA.arrays).map(([name, array]) => [name, decode(array)]));
const N_FFT = A.window.width, N_MELS = A.mel.width, N_MFCC = A.cepstra.width;
const N_FRAMES = A.mel.values.length / N_MELS, DURATION = A.samples.width / DATA.rate;
const HOP = DATA.hop / DATA.rate, KHZ = DATA.rate / N_FFT / 1000; // from frame to frame, from bin to bin
const LOG_MEL = table(A.mel.values.map((v) => Math.max(v, DATA.floor)), N_MELS);
const FILTERS = Array.from({length: N_MELS}, (_, m) => filter(A.filters.row(m)));
const MFCC_RANGES = Array.from({length: N_MFCC}, (_, k) => extent(A.cepstra.values.filter((_, i) => i % N_MFCC === k)));
const RANGES = {
  spectrum: extent(A.spectrum.values),
  mel: extent([...LOG_MEL.values, ...A.rebuilt.values]),
  mfcc: extent([0, ...MFCC_RANGES.slice(N_MFCC > 1).flat()]), // without c0, which is far larger
};
const PICTURES = {
  spectrogram: paint(A.spectrum, [RANGES.spectrum]),
  "log-mel": paint(LOG_MEL, [extent(LOG_MEL.values)]),
  mfccs: paint(A.cepstra, MFCC_RANGES),
};
const player = $("player"), slider = $("slider"), pictures = $("pictures");
let frame = DATA.loudest;

// The bins of a filter that are not zero, with one more on either side, and its center in kHz.
function filter(weights) {
  const first = weights.findIndex((w) => w > 0) - 1, last = weights.findLastIndex((w) => w > 0) + 1;
  const bins = weights.slice(first, last + 1), total = bins.reduce((sum, w) => sum + w, 0);
  return {first, bins, center: (KHZ * bins.reduce((sum, w, i) => sum + w * (first + i), 0)) / total};
}

// A picture with a column of pixels per frame; the colors of row k span a range of its own or the only one.
function paint({values, width}, ranges) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [N_FRAMES, width];
  const pen = canvas.getContext("2d"), image = pen.createImageData(N_FRAMES, width);
  values.forEach((v, i) => {
    const k = i % width, t = (i - k) / width, [low, high] = ranges[k % ranges.length];
    const [red, green, blue] = A.palette.row(Math.round((255 * (v - low)) / (high - low || 1)));
    image.data.set([red, green, blue, 255], 4 * ((width - 1 - k) * N_FRAMES + t));
  });
  pen.putImageData(image, 0, 0);
  return canvas;
}

function drawPicture(id, top, yLabel, xLabel = "") {
  const {pen, x, y} = plot(id, [0, DURATION], [-top / PICTURES[id].height / 2, top], xLabel, yLabel);
  pen.imageSmoothingEnabled = PICTURES[id].height > 200; // more rows than pixels
  const [left, right] = [x(-HOP / 2), x(DURATION + HOP / 2)];
  pen.drawImage(PICTURES[id], left, TOP, right - left, y(-top / PICTURES[id].height / 2) - TOP);
}

// The least and the greatest sample of each pixel.
function drawWaveform() {
  const range = extent([-1e-5, 1e-5, ...A.samples.values]);
  const {pen, x, y} = plot("waveform", [0, DURATION], range, "", "amplitude");
  const n = Math.ceil(A.samples.width / (x(DURATION) - x(0)));
  pen.fillStyle = color("--accent");
  for (let first = 0; first < A.samples.width; first += n) {
    const [low, high] = extent(A.samples.values.subarray(first, first + n));
    pen.fillRect(x(first / DATA.rate), y(high), 1, y(low) - y(high) + 1);
  }
}

function drawOcclusion() {
  const falls = A.falls.values.map((fall) => 100 * fall), [low, high] = extent([0, 10, ...falls]);
  const area = plot("occlusion", [0, DURATION], [low, high], "", "percentage points");
  const width = 0.8 * DATA.step * (area.x(1) - area.x(0));
  bars(area, (i) => i * DATA.step + DATA.occluded / 2, falls, width, "--marked");
}

// The least power of two that no value exceeds: a scale that seldom changes from frame to frame.
function roundUp(values, least) {
  return 2 ** Math.ceil(Math.log2(values.reduce((peak, v) => Math.max(peak, Math.abs(v)), least)));
}

function drawSamples(t) {
  const first = t * DATA.hop - N_FFT / 2, x = A.window.values.map((_, j) => A.samples.values[first + j] ?? 0);
  const peak = roundUp(x, 1e-5), ms = (j) => (1000 * j) / DATA.rate;
  const area = plot("samples", [0, ms(N_FFT)], [-peak, peak], "time in the frame (ms)", "amplitude");
  line(area, ms, x, "--muted");
  line(area, ms, A.window.values.map((w) => w * peak), "--marked", [5, 4]);
  line(area, ms, A.window.values.map((w, j) => w * x[j]), "--accent");
}

function drawSpectrum(t) {
  const area = plot("spectrum", [0, DATA.rate / 2000], RANGES.spectrum, "frequency (kHz)", "dB");
  line(area, (k) => k * KHZ, A.spectrum.row(t), "--accent");
}

function drawFilters(t) {
  const power = A.mel.row(t).map((db) => 10 ** (db / 10)), top = roundUp(power, 1e-9);
  const area = plot("filters", [0, DATA.rate / 2000], [0, top], "frequency (kHz)", "mel power");
  const scale = top / Math.max(...A.filters.values.subarray(0, 20 * A.filters.width));
  for (const {first, bins} of FILTERS) line(area, (i) => (first + i) * KHZ, bins.map((w) => w * scale), "--line");
  bars(area, (m) => FILTERS[m].center, power, 2, "--accent");
}

function drawDecibels(t) {
  const range = [DATA.floor - 20, RANGES.mel[1]], area = plot("decibels", [0, N_MELS], range, "mel band", "dB");
  line(area, (m) => m, A.mel.row(t), "--muted");
  line(area, (m) => m, LOG_MEL.row(t), "--accent");
  line(area, (m) => m * N_MELS, new Float32Array(2).fill(DATA.floor), "--marked", [5, 4]);
}

function drawCepstra(t) {
  const area = plot("cepstra", [-0.6, N_MFCC - 0.4], RANGES.mfcc, "coefficient", "dB");
  bars(area, (k) => k, A.cepstra.row(t), (0.7 * (area.x(1) - area.x(0))), "--accent");
  document.querySelectorAll("#numbers dd").forEach((cell, k) => {
    cell.textContent = A.cepstra.row(t)[k].toFixed(2).replace("-", "−");
  });
}

function drawRebuilt(t) {
  const area = plot("rebuilt", [0, N_MELS], RANGES.mel, "mel band", "dB"), rebuilt = A.rebuilt.row(t);
  line(area, (m) => m, LOG_MEL.row(t), "--accent");
  line(area, (m) => m, rebuilt, "--marked", [5, 3]);
  const squares = LOG_MEL.row(t).reduce((sum, v, m) => sum + (v - rebuilt[m]) ** 2, 0);
  $("error").textContent = `${Math.sqrt(squares / N_MELS).toFixed(1)} dB apart (root mean square)`;
}

const PANELS = [drawSamples, drawSpectrum, drawFilters, drawDecibels, drawCepstra, drawRebuilt];

function show(t) {
  frame = Math.min(Math.max(t, 0), N_FRAMES - 1);
  const words = `frame ${frame}, ${(frame * HOP).toFixed(2)} s`;
  [slider.value, $("where").value] = [frame, words];
  slider.setAttribute("aria-valuetext", words);
  const width = pictures.clientWidth - LEFT - RIGHT;
  $("cursor").style.left = `${LEFT + (width * frame * HOP) / DURATION}px`;
  PANELS.forEach((draw) => draw(frame));
}

function drawAll() {
  drawWaveform();
  if (A.falls) drawOcclusion();
  drawPicture("spectrogram", DATA.rate / 2000, "kHz");
  drawPicture("log-mel", N_MELS - 0.5, "mel band");
  drawPicture("mfccs", N_MFCC - 0.5, "coefficient", "time (s)");
  show(frame);
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
  seek(Math.round(((event.clientX - left - LEFT) / (width - LEFT - RIGHT)) * (DURATION / HOP)));
}

function follow() {
  const t = Math.round(player.currentTime / HOP);
  if (t !== frame) show(t);
  if (!player.paused && !player.ended) requestAnimationFrame(follow);
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
